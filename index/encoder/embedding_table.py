"""The word embeddings of an encoder: a table of packed rows that stays in its file."""

import os
import weakref
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from index.encoder.quantization import BitWidth, Bytes, Floats, pack_rows, unpack_rows


def save_embedding_table(rows: Floats, bits: BitWidth, path: Path) -> None:
    """Writes rows (n, width) as a packed `.npy` file of bytes (n, row size).

    Raises:
        ValueError: the width is no multiple of 32.
    """
    np.save(path, pack_rows(rows, bits))


class EmbeddingTable:
    """Reads single rows of a file of `save_table`. Safe to use from several threads.

    A question needs a dozen of 250,000 rows. They are read, not mapped: a mapped file counts as the process's
    memory, 16 pages for each row touched, until nearly all of it is there.
    """

    def __init__(self, path: Path, bits: BitWidth) -> None:
        packed: np.memmap[tuple[int, int], np.dtype[np.uint8]] = np.load(path, mmap_mode="r")
        self._bits = bits
        self._row_bytes = packed.shape[1]
        self._data_offset = packed.offset
        self._file_descriptor = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._file_descriptor)

    def __getitem__(self, ids: Iterable[int]) -> Floats:
        """The rows (n, width) with these ids."""
        return unpack_rows(self._read_packed_rows(ids), self._bits)

    def _read_packed_rows(self, ids: Iterable[int]) -> Bytes:
        file_descriptor, row_bytes, data_offset = self._file_descriptor, self._row_bytes, self._data_offset
        packed_rows = b"".join(os.pread(file_descriptor, row_bytes, data_offset + row * row_bytes) for row in ids)
        return np.frombuffer(packed_rows, np.uint8).reshape(-1, row_bytes)
