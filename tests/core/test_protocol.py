from contextlib import suppress
from typing import Any

import golden
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panel_chunked import protocol
from panel_chunked.errors import UploadError

VALID = golden.messages("client", "valid")
INVALID = golden.messages("client", "invalid")
SERVER = golden.messages("server", "valid")

FACTS = {"key": "k1", "name": "a", "relative_path": "a", "size": 1, "mime_type": ""}


def refusal(data: object) -> UploadError:
    with pytest.raises(UploadError) as info:
        protocol.decode(data)
    return info.value


def create(**facts: Any) -> dict[str, Any]:
    return {"kind": "create", "page": "p1", "batch": "b1", "files": [FACTS | facts], "more": False}


@pytest.mark.parametrize("message", VALID.values(), ids=VALID)
def test_valid_client_message_keeps_every_field(message: dict[str, Any]) -> None:
    decoded: Any = protocol.decode(message)
    assert protocol.msgspec.to_builtins(decoded, builtin_types=(bytes, memoryview)) == message


def test_golden_messages_have_every_kind() -> None:
    kinds = {"hello", "create", "chunk", "finish", "abort", "remove", "paused", "recording"}
    kinds |= {"language"}
    assert {message["kind"] for message in VALID.values()} == kinds
    kinds = {"welcome", "created", "ack", "resume", "complete", "removed", "cleared", "error"}
    kinds |= {"token", "pause", "record", "texts"}
    assert {message["kind"] for message in SERVER.values()} == kinds


@pytest.mark.parametrize("message", INVALID.values(), ids=INVALID)
def test_invalid_client_message_is_refused(message: object) -> None:
    assert refusal(message).code == "bad_message"


@pytest.mark.parametrize("message", SERVER.values(), ids=SERVER)
def test_server_message_is_encoded_as_the_golden_one(message: dict[str, Any]) -> None:
    typed = protocol.msgspec.convert(message, protocol.ServerMessage)
    assert protocol.encode(typed) == message


@pytest.mark.parametrize("size", [float("nan"), float("inf"), 1e300, -0.5, 2**53, "NaN", b"1"])
def test_size_that_is_no_size_is_refused(size: object) -> None:
    assert refusal(create(size=size)).code == "bad_message"


@pytest.mark.parametrize("offset", [float("nan"), float("-inf"), -(2**63), 2**64, "0x10"])
def test_offset_that_is_no_offset_is_refused(offset: object) -> None:
    chunk = {"kind": "chunk", "id": "u1", "attempt": 0, "offset": offset, "data": b""}
    chunk["checksum"] = 0
    assert refusal(chunk).code == "bad_message"


def test_bytes_are_not_copied() -> None:
    whole = b"-hello-"
    view = memoryview(whole)[1:6]  # as frames and notebook comms give it
    message = {"kind": "chunk", "id": "u1", "attempt": 0, "offset": 0, "data": view}
    message["checksum"] = 5
    chunk: Any = protocol.decode(message)
    assert chunk == protocol.Chunk("u1", 0, 0, 5, memoryview(b"hello"))
    assert chunk.data.obj is whole


def test_more_than_1000_files_in_one_message_are_refused() -> None:
    message = create() | {"files": [FACTS] * 1001}
    assert refusal(message).code == "bad_message"
    assert protocol.decode(message | {"files": [FACTS] * 1000})


HUGE = "x" * 19_000_000


@pytest.mark.parametrize(
    "message",
    [
        HUGE,
        {HUGE: 1},
        {"kind": HUGE},
        {"kind": "finish", "id": HUGE},
        {"kind": "finish", "id": "u1", HUGE: 1},
        create(name=HUGE),
        create(relative_path=HUGE),
        create(mime_type=HUGE),
        create(size=HUGE),
    ],
    ids=["message", "field", "kind", "id", "extra field", "name", "path", "type", "size"],
)
def test_huge_string_is_refused_and_not_sent_back(message: object) -> None:
    assert len(str(refusal(message))) < 1000


def test_nested_junk_is_refused() -> None:
    junk: list[Any] = []
    for _ in range(100_000):
        junk = [junk]
    assert refusal(create() | {"files": junk}).code == "bad_message"
    assert refusal(create(name=junk)).code == "bad_message"


def test_a_list_that_holds_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert refusal(create() | {"files": endless}).code == "bad_message"


@pytest.mark.parametrize(
    "message",
    [
        {"kind": "\ud800"},
        {"\ud800": 1},
        {"kind": "finish", "\ud800": "u1"},
        {"kind": "finish", "id": "u1", "\ud800": 1},
    ],
)
def test_half_a_surrogate_pair_is_refused_like_any_junk(message: object) -> None:
    assert refusal(message).code == "bad_message"


# All characters, lone surrogates too: JSON carries them, and so does Bokeh.
TEXT = st.text(st.characters(), max_size=20)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | TEXT
    | st.binary()
    | st.builds(memoryview, st.binary())
    | st.dates()
)
FIELDS = st.sampled_from(
    ["kind", "id", "offset", "data", "batch", "files", "more", "version", *FACTS]
)
KINDS = st.sampled_from([message["kind"] for message in VALID.values()])
JUNK = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(FIELDS | TEXT | st.integers(), inner, max_size=8)
    ),
)
NEARLY_VALID = st.builds(
    lambda message, changes: message | changes,
    st.sampled_from(list(VALID.values())),
    st.dictionaries(FIELDS | TEXT, JUNK, max_size=3),
)


@given(
    JUNK
    | NEARLY_VALID
    | st.builds(lambda kind, rest: {**rest, "kind": kind}, KINDS, st.dictionaries(FIELDS, JUNK))
)
def test_whatever_comes_is_a_message_or_refused(data: object) -> None:
    with suppress(UploadError):
        protocol.decode(data)
