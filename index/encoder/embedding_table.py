"""The word embeddings of an encoder: a table of packed rows that stays in its file."""

import os
import weakref
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from index.encoder.quantization import Bits, Bytes, Floats, pack, unpack


def save_table(rows: Floats, bits: Bits, path: Path) -> None:
    """Writes rows (n, width) as a packed `.npy` file of bytes (n, row size).

    Raises:
        ValueError: the width is no multiple of 32.
    """
    np.save(path, pack(rows, bits))


class Table:
    """Reads single rows of a file of `save_table`. Safe to use from several threads.

    A question needs a dozen of 250,000 rows. They are read, not mapped: a mapped file counts as the process's
    memory, 16 pages for each row touched, until nearly all of it is there.
    """

    def __init__(self, path: Path, bits: Bits) -> None:
        packed: np.memmap[tuple[int, int], np.dtype[np.uint8]] = np.load(path, mmap_mode="r")
        self._bits = bits
        self._size = packed.shape[1]
        self._start = packed.offset
        self._file = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._file)

    def __getitem__(self, ids: Iterable[int]) -> Floats:
        """The rows (n, width) with these ids."""
        return unpack(self._packed(ids), self._bits)

    def _packed(self, ids: Iterable[int]) -> Bytes:
        file, size, start = self._file, self._size, self._start
        rows = b"".join(os.pread(file, size, start + row * size) for row in ids)
        return np.frombuffer(rows, np.uint8).reshape(-1, size)
