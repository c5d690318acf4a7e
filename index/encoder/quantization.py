"""Block-wise quantization: 4 or 8 bits per number and one 16-bit scale per block of 32 numbers.

Symmetric: value = (code - zero point) * scale, with the zero point 8 or 128; the number with the largest magnitude in
a block has code 0. Weights published as Q4_0 (ggml) are reproduced exactly. With 4 bits, a byte contains an even
element in its low half and the next one in its high half, the layout of ONNX Runtime's MatMulNBits operator.

A packed row consists of the scales of its blocks (f16) followed by their codes (u8). The word embeddings of an
encoder are a table of packed rows that stays on disk.
"""

import os
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

BitWidth = Literal[4, 8]
Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

BLOCK_SIZE = 32
_ZERO_POINT = {4: 8, 8: 128}
# Rows packed at a time, so that a large table takes 100 MB of memory instead of 2 GB.
_ROWS_PER_CHUNK = 16_384


def quantize_blocks(rows: Floats, bits: BitWidth, block_size: int = BLOCK_SIZE) -> tuple[Bytes, Floats]:
    """Quantise rows (n, width) to codes (n, blocks, bytes per block) and scales (n, blocks).

    Raises:
        ValueError: the width is not a multiple of ``block_size``.
    """
    row_count, width = rows.shape
    if width % block_size:
        raise ValueError(f"rows are {width} wide, not a multiple of {block_size}")
    blocks = rows.reshape(row_count, -1, block_size)
    scales = _compute_scales(blocks, bits)
    steps = np.divide(blocks, scales[..., None], out=np.zeros_like(blocks), where=scales[..., None] != 0)
    codes = np.clip(np.rint(steps) + _ZERO_POINT[bits], 0, 2 * _ZERO_POINT[bits] - 1).astype(np.uint8)
    return (codes[..., ::2] | codes[..., 1::2] << 4 if bits == 4 else codes), scales


def pack_rows(rows: Floats, bits: BitWidth) -> Bytes:
    """Pack rows (n, width) into (n, bytes per row).

    Raises:
        ValueError: the width is not a multiple of 32.
    """
    starts = range(0, len(rows), _ROWS_PER_CHUNK)
    return np.concatenate([_pack_chunk(rows[start : start + _ROWS_PER_CHUNK], bits) for start in starts])


def unpack_rows(packed: Bytes, bits: BitWidth) -> Floats:
    """Unpack rows (n, bytes per row) into (n, width)."""
    row_count, row_bytes = packed.shape
    block_count = row_bytes // (2 + BLOCK_SIZE * bits // 8)
    scales = np.ascontiguousarray(packed[:, : 2 * block_count]).view("<f2").astype(np.float32)
    codes = packed[:, 2 * block_count :].reshape(row_count, block_count, -1)
    if bits == 4:
        codes = np.stack([codes & 15, codes >> 4], axis=-1).reshape(row_count, block_count, BLOCK_SIZE)
    return dequantize_codes(codes, scales, bits).reshape(row_count, -1)


def dequantize_codes(codes: Bytes, scales: Floats, bits: BitWidth) -> Floats:
    """Return the values (..., block) of unpacked codes (..., block) with scales (...)."""
    values: Floats = (codes.astype(np.float32) - _ZERO_POINT[bits]) * scales[..., None]
    return values


def choose_bit_width(rows: Floats) -> BitWidth:
    """Return 4 if that is lossless, as for weights published in such blocks, else 8; decided on a sample of rows."""
    sample = rows[:: max(1, len(rows) // 1024)]
    return 4 if np.array_equal(unpack_rows(pack_rows(sample, 4), 4), sample) else 8


def _pack_chunk(rows: Floats, bits: BitWidth) -> Bytes:
    codes, scales = quantize_blocks(rows, bits)
    row_count = len(rows)
    return np.concatenate([scales.astype("<f2").view(np.uint8), codes.reshape(row_count, -1)], axis=1)


def _compute_scales(blocks: Floats, bits: BitWidth) -> Floats:
    extreme_indices = np.abs(blocks).argmax(axis=2)[..., None]
    extremes = np.take_along_axis(blocks, extreme_indices, axis=2)[..., 0]
    scales: Floats = (extremes / -_ZERO_POINT[bits]).astype(np.float16).astype(np.float32)
    return scales


class EmbeddingTable:
    """Random access to the word embeddings of an encoder, a `.npy` file of packed rows; thread-safe.

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
