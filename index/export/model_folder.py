"""Write the files that a prepared encoder and a prepared cross-encoder share, and swap folders."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from onnx import ModelProto
from tokenizers import Tokenizer

from index.encoder.model_card import (
    EMBEDDINGS_FILE,
    EXACT_GRAPH_FILE,
    FAST_GRAPH_FILE,
    PIECES_FILE,
    TOKENIZER_FILE,
    hash_file,
)
from index.encoder.quantization import BitWidth, Floats, choose_bit_width, pack_rows
from index.encoder.tokenizer import save_tokenizer
from index.export.block_quantizer import write_block_graph
from index.export.int8_quantizer import GraphInputs, write_fast_graph

MAX_TOKENS = 512  # maximum sequence length of an exported graph
# Texts of many kinds and languages, on which an export is compared with the original model.
SAMPLE_TEXTS = (
    "",
    "?",
    "Wie finde ich eine Beratung in meiner Nähe?",
    "Was kostet die Teilnahme, und wer übernimmt die Kosten?",
    "Unser Verein möchte mitmachen. Welche Unterlagen brauchen wir dafür, und bis wann müssen sie da sein?",
    "How do I get in touch with an adviser?",
    "The meeting was moved to Thursday, 3 p.m.",
    "Nasıl danışmanlık alabilirim?",
    "Toplantı perşembe günü saat üçte.",
    "Как мне связаться с консультантом?",
    "Встреча перенесена на четверг.",
    "Як мені отримати консультацію?",
    "كيف يمكنني الحصول على استشارة؟",
    "¿Dónde puedo pedir ayuda?",
    "Où puis-je trouver de l'aide ?",
    "Gdzie mogę uzyskać poradę?",
    "چطور می‌توانم مشاوره بگیرم؟",
    "我在哪里可以得到帮助?",
    "info@example.org, +49 30 1234567, 50 %",
    "Ein langer Text, der öfter dasselbe sagt. " * 80,
)

StatusCallback = Callable[[str], None]


@dataclass(frozen=True)
class FloatModel:
    """A model in float32.

    Attributes:
        word_embeddings: (pieces, width).
        graph: from word embeddings ("embeddings", (batch, tokens, width)) and integers ("mask", optionally
            "segments", (batch, tokens)) to vectors or scores.
        tokenizer: with the special tokens that frame a text.
    """

    word_embeddings: Floats
    graph: ModelProto
    tokenizer: Tokenizer


@contextmanager
def stage_folder(out: Path) -> Iterator[Path]:
    """Yield a folder to write into, which replaces ``out`` at the end, or is removed after an error."""
    out.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        yield staging
        _swap_folder(staging, out)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def write_model_files(
    model: FloatModel, folder: Path, samples: Sequence[str] = ()
) -> tuple[BitWidth, dict[str, str]]:
    """Write word embeddings, graph and tokenizer of a model; returns bits per number of the first, SHA-256 by file.

    If there are ``samples`` (queries), a faster graph calibrated on them is written as well.
    """
    bits = choose_bit_width(model.word_embeddings)
    np.save(folder / EMBEDDINGS_FILE, pack_rows(model.word_embeddings, bits))
    if samples:
        sample_inputs = [build_graph_inputs(model, text) for text in samples]
        write_fast_graph(deepcopy(model.graph), sample_inputs, folder / FAST_GRAPH_FILE)
    write_block_graph(deepcopy(model.graph), folder / EXACT_GRAPH_FILE)
    save_tokenizer(model.tokenizer, folder)
    names = (EXACT_GRAPH_FILE, FAST_GRAPH_FILE, EMBEDDINGS_FILE, TOKENIZER_FILE, PIECES_FILE)
    return bits, {name: hash_file(folder / name) for name in names if (folder / name).is_file()}


def build_graph_inputs(model: FloatModel, text: str) -> GraphInputs:
    """Return the inputs of the graph for one text, truncated to MAX_TOKENS."""
    token_ids = model.tokenizer.encode(text).ids
    if len(token_ids) > MAX_TOKENS:
        token_ids = token_ids[: MAX_TOKENS - 1] + token_ids[-1:]
    return {"embeddings": model.word_embeddings[[token_ids]], "mask": np.ones((1, len(token_ids)), np.int64)}


def _swap_folder(staging: Path, out: Path) -> None:
    """Move the new folder into place; the old one stays there until just before."""
    staging.chmod(0o755)
    backup = staging.with_name(staging.name + "-old")
    if out.exists():
        out.rename(backup)
    try:
        staging.rename(out)
    except OSError:
        if backup.exists():
            backup.rename(out)
        raise
    shutil.rmtree(backup, ignore_errors=True)
