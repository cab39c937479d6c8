"""Messages that wait until the socket takes them."""

import asyncio
import logging
from collections import deque
from typing import Any

log = logging.getLogger(__name__)

Message = dict[str, Any]

#: Messages that wait; a page that reads has far fewer, even when it picks thousands of files.
MAX_WAITING = 20_000


class Outbox:
    """A queue in which a newer message may take the place of an older one that says the same.

    It belongs to one event loop.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[str | None, Message]] = deque()
        self._replaceable: dict[str, Message] = {}
        self._changed = asyncio.Event()
        self.closed = False

    def put(self, message: Message, replaces: str | None = None) -> None:
        """Queue a message.

        Parameters
        ----------
        message
            What to send.
        replaces
            A key: the message makes those before it with the same key needless. Not so those from
            before the last message without a key, which may refer to them.
        """
        if self.closed:
            return
        if len(self._waiting) >= MAX_WAITING:
            log.warning("A page does not read what it is sent: nothing more is sent to it.")
            self._waiting.clear()
            self.close()
            return
        if replaces in self._replaceable:
            self._replaceable[replaces].update(message)
            return
        if replaces is None:
            self._replaceable.clear()
        else:
            self._replaceable[replaces] = message
        self._waiting.append((replaces, message))
        self._changed.set()

    def close(self) -> None:
        """Let `get` give None once everything is taken."""
        self.closed = True
        self._changed.set()

    async def get(self) -> Message | None:
        """Wait for the next message; None is the end."""
        while not self._waiting:
            if self.closed:
                return None
            self._changed.clear()
            await self._changed.wait()
        key, message = self._waiting.popleft()
        if key is not None and self._replaceable.get(key) is message:
            del self._replaceable[key]
        return message
