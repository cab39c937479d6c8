"""Renewed tokens, with a real server that checks them."""

import json
import re
import time
from types import SimpleNamespace

import pytest
from bokeh.server.server import Server
from bokeh.util.token import (
    check_token_signature,
    generate_jwt_token,
    generate_secret_key,
    generate_session_id,
    get_session_id,
    get_token_payload,
)
from panel.io.server import DocHandler  # noqa: F401 (with it, Bokeh's server is Panel's)
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.ioloop import IOLoop
from tornado.websocket import websocket_connect

from panel_chunked.token import Renewal, renewed_token, seconds_between_tokens


@pytest.fixture(params=[True, False], ids=["signed", "unsigned"])
async def server(request):
    server = Server(
        {"/app": lambda doc: None},
        port=0,
        io_loop=IOLoop.current(),
        sign_sessions=request.param,
        secret_key=generate_secret_key(),
        session_token_expiration=100,
    )
    server.start()
    yield server
    server.stop()


async def page_token(server):
    """Give the token of a page that was just served."""
    url = f"http://localhost:{server.port}/app?color=red"
    answer = await AsyncHTTPClient().fetch(HTTPRequest(url, headers={"Cookie": "flavour=oat"}))
    return re.search(r'"token":"([\w.-]+)"', answer.body.decode())[1]


async def connect(server, token):
    """Open a socket as BokehJS does, and give it with Bokeh's end of it, if it is taken."""
    url = f"ws://localhost:{server.port}/app/ws"
    socket = await websocket_connect(url, subprotocols=["bokeh", token])
    header = await socket.read_message()
    if header is None:
        return socket, None
    assert json.loads(header)["msgtype"] == "ACK"
    connections = server._tornado._clients
    return socket, next(it for it in connections if it._socket._token == token)


def payload(token):
    return {k: v for k, v in get_token_payload(token).items() if k != "session_expiry"}


async def test_renewed_token_is_for_the_same_session_and_expires_later(server, eventually):
    app = server._tornado
    token = await page_token(server)
    socket, connection = await connect(server, token)
    # As if it had been served long ago.
    secret = {"secret_key": app.secret_key, "signed": app.sign_sessions}
    old = generate_jwt_token(
        get_session_id(token), **secret, extra_payload=payload(token), expiration=1
    )
    connection._socket._token = old

    renewed = renewed_token(connection)

    assert get_session_id(renewed) == get_session_id(token)
    assert payload(renewed) == payload(token)
    assert payload(renewed)["cookies"] == {"flavour": "oat"}
    assert 95 < get_token_payload(renewed)["session_expiry"] - time.time() < 105
    assert check_token_signature(renewed, **secret)
    assert seconds_between_tokens(connection) == 25

    again, other = await connect(server, renewed)
    assert other.session is connection.session
    assert renewed_token(other) is not None
    for it in (socket, again):
        it.close()
    await eventually(lambda: not app._clients)


async def test_no_token_is_made_for_another_session(server, eventually):
    socket, connection = await connect(server, await page_token(server))
    stolen = await page_token(server)

    connection._socket._token = stolen
    assert renewed_token(connection) is None
    connection._socket._token = None
    assert renewed_token(connection) is None
    socket.close()
    await eventually(lambda: not server._tornado._clients)


@pytest.mark.parametrize("server", [True], indirect=True)
async def test_no_token_is_made_from_one_that_is_not_signed(server, eventually):
    app = server._tornado
    token = await page_token(server)
    socket, connection = await connect(server, token)
    session_id = get_session_id(token)
    unsigned = generate_jwt_token(session_id, signed=False)
    for forged in (
        unsigned,
        unsigned + ".",
        unsigned + "." + token.split(".")[1],
        generate_jwt_token(session_id, secret_key=b"another", signed=True),
        generate_jwt_token(generate_session_id(signed=False), app.secret_key, signed=True),
    ):
        connection._socket._token = forged
        assert renewed_token(connection) is None
    socket.close()
    await eventually(lambda: not app._clients)


async def test_tokens_are_renewed_while_there_is_need(eventually):
    state = SimpleNamespace(needed=True, renewed=0)

    def renew():
        state.renewed += 1
        return 0.01

    renewal = Renewal(lambda: state.needed, renew)
    renewal.ensure()
    renewal.ensure()
    assert state.renewed == 1  # it is new
    await eventually(lambda: state.renewed == 3)
    state.needed = False
    await eventually(lambda: renewal._timer is None)
    assert state.renewed == 3
    state.needed = True
    renewal.ensure()
    assert state.renewed == 4
    renewal.restart()
    assert state.renewed == 4
    await eventually(lambda: state.renewed == 5)
    renewal.close()
    assert renewal._timer is None


async def test_nothing_is_renewed_where_there_are_no_tokens():
    state = SimpleNamespace(asked=0)

    def renew():
        state.asked += 1

    renewal = Renewal(lambda: True, renew)
    renewal.ensure()
    assert (state.asked, renewal._timer) == (1, None)
