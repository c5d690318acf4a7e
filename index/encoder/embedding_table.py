"""The word embeddings of an encoder: a table of packed rows that stays on disk."""

import os
import weakref
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from index.encoder.quantization import BitWidth, Bytes, Floats, pack_rows, unpack_rows


def save_embedding_table(rows: Floats, bits: BitWidth, path: Path) -> None:
    """Write rows (n, width) as a `.npy` file of packed rows (n, bytes per row).

    Raises:
        ValueError: the width is not a multiple of 32.
    """
    np.save(path, pack_rows(rows, bits))


class EmbeddingTable:
    """Random access to the rows of a file written by save_embedding_table; thread-safe.

    A query needs a dozen of 250,000 rows. They are read with pread rather than mapped: in a mapped file each touched
    row makes 16 pages resident, until nearly the whole file counts as memory of the process.
    """

    def __init__(self, path: Path, bits: BitWidth) -> None:
        packed: np.memmap[tuple[int, int], np.dtype[np.uint8]] = np.load(path, mmap_mode="r")
        self._bits = bits
        self._row_bytes = packed.shape[1]
        self._data_offset = packed.offset
        self._file_descriptor = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._file_descriptor)

    def __getitem__(self, ids: Iterable[int]) -> Floats:
        """Return the rows (n, width) with these ids, in order."""
        return unpack_rows(self._read_packed_rows(ids), self._bits)

    def _read_packed_rows(self, ids: Iterable[int]) -> Bytes:
        file_descriptor, row_bytes, data_offset = self._file_descriptor, self._row_bytes, self._data_offset
        packed_rows = b"".join(os.pread(file_descriptor, row_bytes, data_offset + row * row_bytes) for row in ids)
        return np.frombuffer(packed_rows, np.uint8).reshape(-1, row_bytes)
