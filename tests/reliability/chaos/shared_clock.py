"""A clock that several processes share, and that is advanced for all of them at once."""

import mmap
import struct
import time
from pathlib import Path

OFFSET = struct.Struct("d")  # seconds ahead of the real time


class SharedClock:
    """Returns Unix time when called. The file contains how many seconds it is ahead."""

    def __init__(self, file: Path | str) -> None:
        if not Path(file).exists():
            Path(file).write_bytes(OFFSET.pack(0.0))
        with Path(file).open("r+b") as opened:
            self._shared = mmap.mmap(opened.fileno(), OFFSET.size)

    def __call__(self) -> float:
        return time.time() + self._offset()

    def advance(self, seconds: float) -> None:
        """Advance the clock."""
        OFFSET.pack_into(self._shared, 0, self._offset() + seconds)

    def _offset(self) -> float:
        seconds: float = OFFSET.unpack_from(self._shared)[0]
        return seconds
