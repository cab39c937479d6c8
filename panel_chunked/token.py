"""Renews what a page of Bokeh's server connects with, as long as uploads are under way.

The token in a page expires, by default five minutes after the page was served. A socket that is
lost later would be refused when it comes back. So a session hands its page a new token in time,
which is worth no more than the one that opened the socket: it is for the same session, goes only
over that socket, and expires like any other.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from bokeh.util.token import (
    check_token_signature,
    generate_jwt_token,
    get_session_id,
    get_token_payload,
)

#: Tokens within the lifetime of one. A page may be away for all of it but one such part.
TOKENS_IN_LIFETIME = 4


def renewed_token(connection: Any) -> str | None:
    """Give a token like the one that opened a connection, which expires later.

    Parameters
    ----------
    connection
        Of Bokeh's own server.

    Returns
    -------
    None if it was not opened by a valid token of its session.
    """
    app, token = connection._socket.application, connection._socket._token
    key, signed = app.secret_key, app.sign_sessions
    if token is None or not check_token_signature(token, secret_key=key, signed=signed):
        return None
    session_id = get_session_id(token)
    if session_id != connection.session.id:
        return None
    payload = get_token_payload(token)
    del payload["session_expiry"]  # or it would take the place of the new one
    return generate_jwt_token(
        session_id,
        secret_key=key,
        signed=signed,
        extra_payload=payload,
        expiration=app.session_token_expiration,
    )


def seconds_between_tokens(connection: Any) -> float:
    """Tell how long a page of this server may go without a new token."""
    lifetime: int = connection._socket.application.session_token_expiration
    return lifetime / TOKENS_IN_LIFETIME


class Renewal:
    """Has tokens renewed while there is need. It belongs to one event loop.

    Parameters
    ----------
    needed
        Tells whether there is need.
    renew
        Renews them, and gives the seconds until it is to be called again; None if there are none.
    """

    def __init__(self, needed: Callable[[], bool], renew: Callable[[], float | None]) -> None:
        self._needed = needed
        self._renew = renew
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.Handle | None = None

    def ensure(self) -> None:
        """Note that there is need now."""
        if self._timer is None:
            self._run()

    def restart(self) -> None:
        """Renew soon, as a page has come that may have an old token."""
        self.close()
        self._timer = self._loop.call_soon(self._run)

    def close(self) -> None:
        """Renew no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _run(self) -> None:
        self._timer = None
        seconds = self._renew() if self._needed() else None
        if seconds is not None:
            self._timer = self._loop.call_later(seconds, self._run)
