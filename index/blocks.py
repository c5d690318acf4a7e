"""Numbers in blocks of 32: one 16-bit scale a block, and 4 or 8 bits a number. Pure numpy.

The word embeddings of an encoder are kept this way in a file that is mapped, not read: a question touches a
dozen rows of 250,000. Symmetric, as Q4_0 of ggml, so weights that were published in that form are kept exactly.

One packed row of `width` numbers is `width / 32` scales (f16) followed by the codes (u8); with 4 bits, byte j of
a block holds number j in its low and number j + 16 in its high half. Value = (code - zero) * scale.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Bits = Literal[4, 8]
Floats = NDArray[np.float32]
Packed = NDArray[np.uint8]

BLOCK = 32
_ZERO = {4: 8, 8: 128}


def pack(rows: Floats, bits: Bits) -> Packed:
    """Packs rows (n, width) to (n, bytes); the nearest code for each number.

    Raises:
        ValueError: the width is no multiple of 32.
    """
    count, width = rows.shape
    if width % BLOCK:
        raise ValueError(f"rows are {width} wide, no multiple of {BLOCK}")
    blocks = rows.reshape(count, -1, BLOCK)
    scales = _scales(blocks, bits)
    steps = np.divide(blocks, scales[..., None], out=np.zeros_like(blocks), where=scales[..., None] != 0)
    zero = _ZERO[bits]
    codes = np.clip(np.rint(steps) + zero, 0, 2 * zero - 1).astype(np.uint8)
    if bits == 4:
        codes = codes[..., : BLOCK // 2] | codes[..., BLOCK // 2 :] << 4
    head = scales.astype("<f2").view(np.uint8).reshape(count, -1)
    return np.concatenate([head, codes.reshape(count, -1)], axis=1)


def unpack(packed: Packed, bits: Bits) -> Floats:
    """Packed rows (n, bytes) as float32 (n, width)."""
    count, size = packed.shape
    blocks = size // (2 + BLOCK * bits // 8)
    scales = np.ascontiguousarray(packed[:, : 2 * blocks]).view("<f2").astype(np.float32)
    codes = packed[:, 2 * blocks :].reshape(count, blocks, -1)
    if bits == 4:
        codes = np.concatenate([codes & 15, codes >> 4], axis=2)
    values: Floats = (codes.astype(np.float32) - _ZERO[bits]) * scales[..., None]
    return values.reshape(count, -1)


def _scales(blocks: Floats, bits: Bits) -> Floats:
    """The number of largest size gets the lowest code: -8 or -128 times the scale."""
    places = np.abs(blocks).argmax(axis=2)[..., None]
    extremes = np.take_along_axis(blocks, places, axis=2)[..., 0]
    scales: Floats = (extremes / -_ZERO[bits]).astype(np.float16).astype(np.float32)
    return scales


def is_exact(rows: Floats, bits: Bits) -> bool:
    """Whether packing loses nothing; asks a sample of the rows first."""
    return all(np.array_equal(unpack(pack(part, bits), bits), part) for part in (rows[:64], rows))
