"""Numbers in blocks of 32: one 16-bit scale a block, and 4 or 8 bits a number. Pure numpy.

Symmetric: value = (code - zero) * scale, zero = 8 or 128, and the number of largest size in a block has code 0.
Weights published as Q4_0 (ggml) are kept exactly. With 4 bits, a byte holds an even number in its low half and the
next in its high half. So does ONNX Runtime's MatMulNBits, which computes on such blocks directly.

A packed row of a table is the scales of its blocks (f16) followed by their codes (u8).
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Bits = Literal[4, 8]
Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

BLOCK = 32
_ZERO = {4: 8, 8: 128}
# Rows packed at a time: a large table is packed in 100 MB of memory instead of two gigabytes.
_CHUNK = 16_384


def quantise(rows: Floats, bits: Bits, block: int = BLOCK) -> tuple[Bytes, Floats]:
    """Codes (n, blocks, bytes of a block) and scales (n, blocks) of rows (n, width), with ``block`` numbers a block.

    Raises:
        ValueError: the width is no multiple of ``block``.
    """
    count, width = rows.shape
    if width % block:
        raise ValueError(f"rows are {width} wide, no multiple of {block}")
    blocks = rows.reshape(count, -1, block)
    scales = _scales(blocks, bits)
    steps = np.divide(blocks, scales[..., None], out=np.zeros_like(blocks), where=scales[..., None] != 0)
    codes = np.clip(np.rint(steps) + _ZERO[bits], 0, 2 * _ZERO[bits] - 1).astype(np.uint8)
    return (codes[..., ::2] | codes[..., 1::2] << 4 if bits == 4 else codes), scales


def pack(rows: Floats, bits: Bits) -> Bytes:
    """Packed rows (n, bytes) of rows (n, width).

    Raises:
        ValueError: the width is no multiple of 32.
    """
    return np.concatenate([_pack(rows[at : at + _CHUNK], bits) for at in range(0, len(rows), _CHUNK)])


def unpack(packed: Bytes, bits: Bits) -> Floats:
    """Rows (n, width) of packed rows (n, bytes)."""
    count, size = packed.shape
    blocks = size // (2 + BLOCK * bits // 8)
    scales = np.ascontiguousarray(packed[:, : 2 * blocks]).view("<f2").astype(np.float32)
    codes = packed[:, 2 * blocks :].reshape(count, blocks, -1)
    if bits == 4:
        codes = np.stack([codes & 15, codes >> 4], axis=-1).reshape(count, blocks, BLOCK)
    values: Floats = (codes.astype(np.float32) - _ZERO[bits]) * scales[..., None]
    return values.reshape(count, -1)


def fewest_bits(rows: Floats) -> Bits:
    """4 where that loses nothing, which is so for weights that were published in such blocks; else 8."""
    sample = rows[:: max(1, len(rows) // 1024)]
    return 4 if np.array_equal(unpack(pack(sample, 4), 4), sample) else 8


def _pack(rows: Floats, bits: Bits) -> Bytes:
    codes, scales = quantise(rows, bits)
    count = len(rows)
    return np.concatenate([scales.astype("<f2").view(np.uint8), codes.reshape(count, -1)], axis=1)


def _scales(blocks: Floats, bits: Bits) -> Floats:
    places = np.abs(blocks).argmax(axis=2)[..., None]
    extremes = np.take_along_axis(blocks, places, axis=2)[..., 0]
    scales: Floats = (extremes / -_ZERO[bits]).astype(np.float16).astype(np.float32)
    return scales
