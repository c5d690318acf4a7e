"""uvicorn as the stand-in needs it: it ends at once when told to, and hands out the connection of a call."""

import asyncio
import socket

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

TRANSPORT_KEY = "standin.transport"
SHUTDOWN_TIMEOUT = 2.0  # seconds for calls under way to end


class TransportProtocol(HttpToolsProtocol):
    """HTTP that hands its connection to the application, so that it can be cut."""

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self.scope[TRANSPORT_KEY] = self.transport  # type: ignore[literal-required]  # a key of our own


class StoppableServer(uvicorn.Server):
    """uvicorn looks every 0.1 s whether it should end; with a fresh server a test that adds up."""

    def __init__(self, config: uvicorn.Config, stop_event: asyncio.Event) -> None:
        super().__init__(config)
        self.stop_event = stop_event

    async def main_loop(self) -> None:
        """Serve until told to end."""
        await self.stop_event.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close all connections and let calls under way end."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=SHUTDOWN_TIMEOUT)
        await self.lifespan.shutdown()
