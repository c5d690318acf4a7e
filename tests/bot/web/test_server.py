"""The web server's sockets."""

import asyncio
import socket

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bot.web.server import create_limited_server, open_listener


async def respond_with_nodelay(request: Request) -> PlainTextResponse:
    """Respond with the TCP_NODELAY option of the request's connection."""
    connection: socket.socket = request.state.connection.transport.get_extra_info("socket")
    return PlainTextResponse(f"TCP_NODELAY={connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)}")


async def test_responses_are_sent_at_once() -> None:
    """A response is sent at once, without waiting for earlier packets to be acknowledged (TCP_NODELAY)."""
    with open_listener("127.0.0.1", 0) as listener:
        server = create_limited_server(Starlette(routes=[Route("/", respond_with_nodelay)]), 0)
        serving = asyncio.create_task(server.serve([listener]))
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        response = await reader.read()
        writer.close()
        server.should_exit = True
        await serving

    assert response.endswith(b"TCP_NODELAY=1")
