import asyncio

import pytest

from panel_chunked.outbox import MAX_WAITING, Message, Outbox


def ack(upload_id: str, offset: int) -> Message:
    return {"kind": "ack", "id": upload_id, "offset": offset}


async def taken(outbox: Outbox) -> list[Message]:
    outbox.close()
    messages = []
    while (message := await outbox.get()) is not None:
        messages.append(message)
    return messages


async def test_messages_come_out_in_order() -> None:
    outbox = Outbox()
    for number in range(3):
        outbox.put({"number": number})
    assert [message["number"] for message in await taken(outbox)] == [0, 1, 2]


async def test_of_acks_that_wait_only_the_last_of_each_upload_is_sent() -> None:
    outbox = Outbox()
    for upload_id, offset in (("a", 1), ("b", 1), ("a", 2), ("b", 2), ("a", 3)):
        outbox.put(ack(upload_id, offset), replaces=upload_id)
    assert await taken(outbox) == [ack("a", 3), ack("b", 2)]


async def test_an_ack_does_not_pass_another_message() -> None:
    outbox = Outbox()
    outbox.put(ack("a", 1), replaces="a")
    outbox.put({"kind": "error", "offset": 1})
    outbox.put(ack("a", 2), replaces="a")
    outbox.put(ack("a", 3), replaces="a")
    assert await taken(outbox) == [ack("a", 1), {"kind": "error", "offset": 1}, ack("a", 3)]


async def test_a_message_that_was_taken_is_changed_no_more() -> None:
    outbox = Outbox()
    outbox.put(ack("a", 1), replaces="a")
    first = await outbox.get()
    outbox.put(ack("a", 2), replaces="a")
    assert first == ack("a", 1)
    assert await taken(outbox) == [ack("a", 2)]


async def test_get_waits_for_a_message_and_for_the_end() -> None:
    outbox = Outbox()
    waiting = asyncio.create_task(outbox.get())
    await asyncio.sleep(0)
    assert not waiting.done()
    outbox.put({"kind": "cleared"})
    assert await waiting == {"kind": "cleared"}
    ending = asyncio.create_task(outbox.get())
    await asyncio.sleep(0)
    outbox.close()
    assert await ending is None


async def test_a_page_that_does_not_read_is_sent_nothing_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outbox = Outbox()
    for number in range(MAX_WAITING + 10):
        outbox.put({"number": number})
    assert await taken(outbox) == []
    assert len(caplog.records) == 1
