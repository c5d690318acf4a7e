"""A clock that several processes share, and that is set forward for all of them at once."""

import mmap
import struct
import time
from pathlib import Path

OFFSET = struct.Struct("d")  # seconds ahead of real time


class SharedClock:
    """Return Unix time plus the offset stored in a file, when called. Create the file if it does not exist."""

    def __init__(self, file: Path | str) -> None:
        if not Path(file).exists():
            Path(file).write_bytes(OFFSET.pack(0.0))
        with Path(file).open("r+b") as opened:
            self._memory = mmap.mmap(opened.fileno(), OFFSET.size)

    def __call__(self) -> float:
        return time.time() + self._read_offset()

    def advance(self, seconds: float) -> None:
        """Set the clock forward, in every process that uses this file."""
        OFFSET.pack_into(self._memory, 0, self._read_offset() + seconds)

    def _read_offset(self) -> float:
        seconds: float = OFFSET.unpack_from(self._memory)[0]
        return seconds
