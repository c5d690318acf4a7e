"""A load balancer for several processes: `python -m tests.support.balancer PORT BACKEND…`, or in a thread.

It forwards connections unchanged, to one process after the other, and to the next one if a process does not listen.
If a connection breaks, so does that of the caller: Telegram sends such an update again.
"""

import asyncio
import contextlib
import itertools
import socket
import sys
import threading
from collections.abc import Sequence
from types import TracebackType

CHUNK = 65_536  # bytes
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def free_port() -> int:
    """Return a port on which nothing listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def serve(port: int, backends: Sequence[int], stop: asyncio.Event | None = None) -> None:
    """Forward connections made to ``port`` to these ports in turn, until stopped."""
    turns = itertools.count()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            first = next(turns)
            if there := await _first([backends[(first + n) % len(backends)] for n in range(len(backends))]):
                await _joined((reader, writer), there)
        finally:
            writer.close()

    async with await asyncio.start_server(connected, "127.0.0.1", port):
        await (stop or asyncio.Event()).wait()


async def _first(ports: Sequence[int]) -> Streams | None:
    for port in ports:
        with contextlib.suppress(OSError):
            return await asyncio.open_connection("127.0.0.1", port)
    return None


async def _joined(one: Streams, other: Streams) -> None:
    """Copy in both directions until either side ends."""
    ways = [asyncio.create_task(_copied(*ends)) for ends in ((one[0], other[1]), (other[0], one[1]))]
    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    for way in ways:
        way.cancel()
    await asyncio.gather(*ways, return_exceptions=True)
    other[1].close()


async def _copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()


class Balancer:
    """Runs in a thread inside the block; ``port`` is where it listens."""

    def __init__(self, backends: Sequence[int]) -> None:
        self.port = free_port()
        self._backends = backends
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(serve(self.port, self._backends, self._stop))

    def __enter__(self) -> "Balancer":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), [int(port) for port in sys.argv[2:]]))
