"""What the exports of an encoder and of a cross-encoder share: load a model, write its files, swap folders."""

import logging
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

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
from index.errors import EncoderError
from index.export.block_quantizer import write_block_graph
from index.export.int8_quantizer import GraphInputs, write_fast_graph

if TYPE_CHECKING:
    from onnx import ModelProto

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
class ExportModel:
    """A model to be exported.

    Attributes:
        name: as in error messages.
        transformer: the `transformers` model, whose word embeddings become a table.
        tokenizer: its fast tokenizer.
        layers: the torch module that becomes the graph: word embeddings and further inputs to output.
        input_names: embeddings (batch, tokens, width), then integer inputs (batch, tokens).
        output_name: the output of the graph.
    """

    name: str
    transformer: Any
    tokenizer: Any
    layers: Any
    input_names: tuple[str, ...]
    output_name: str


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


def load_source(name: str, kind: str, load: Callable[[], Any]) -> Any:
    """Load a sentence-transformers model; raises EncoderError, calling the model a ``kind``, if that fails."""
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return load()
    except EncoderError:
        raise
    except Exception as error:  # the hub, the file system and each model class have their own errors
        raise EncoderError(f"The {kind} {name} cannot be loaded: {error}") from error


def check_tokenizer(name: str, tokenizer: Any) -> None:
    """Raise EncoderError if a tokenizer is not supported."""
    if not getattr(tokenizer, "is_fast", False):
        raise EncoderError(f"{name} has no fast tokenizer (tokenizer.json), so it is not supported")


def write_model_files(
    model: ExportModel, folder: Path, samples: Sequence[str] = ()
) -> tuple[BitWidth, dict[str, str]]:
    """Write word embeddings, graph and tokenizer of a model; returns its bit width, and the SHA-256 of each file.

    If there are ``samples`` (queries), a faster graph calibrated on them is written as well.

    Raises:
        EncoderError: the model cannot be exported.
    """
    weights = model.transformer.get_input_embeddings().weight.detach().numpy().astype(np.float32)
    bits = choose_bit_width(weights)
    try:
        np.save(folder / EMBEDDINGS_FILE, pack_rows(weights, bits))
        model.transformer.set_attn_implementation("eager")
        onnx_model = export_to_onnx(model.layers, weights.shape[1], model.input_names, model.output_name)
        if samples:
            sample_inputs = [_build_graph_inputs(model.tokenizer, text, weights) for text in samples]
            write_fast_graph(deepcopy(onnx_model), sample_inputs, folder / FAST_GRAPH_FILE)
        write_block_graph(onnx_model, bits, folder / EXACT_GRAPH_FILE)
    except Exception as error:  # torch.onnx raises many kinds of errors
        raise EncoderError(f"{model.name} cannot be exported: {error}") from error
    save_tokenizer(model.tokenizer.backend_tokenizer, folder)
    names = (EXACT_GRAPH_FILE, FAST_GRAPH_FILE, EMBEDDINGS_FILE, TOKENIZER_FILE, PIECES_FILE)
    return bits, {name: hash_file(folder / name) for name in names if (folder / name).is_file()}


def export_to_onnx(module: Any, width: int, input_names: Sequence[str], output_name: str) -> "ModelProto":
    """Export a torch module; inputs are embeddings (batch, tokens, width), then integers (batch, tokens)."""
    import torch

    integer_inputs = tuple(torch.ones(2, 9, dtype=torch.int64) for _ in input_names[1:])
    dynamic_shape = {
        0: torch.export.Dim("batch", min=1, max=4096),
        1: torch.export.Dim("tokens", min=1, max=MAX_TOKENS),
    }
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations within the exporter
        program = torch.onnx.export(
            module,
            (torch.randn(2, 9, width), *integer_inputs),
            dynamo=True,
            verbose=False,
            input_names=list(input_names),
            output_names=[output_name],
            dynamic_shapes=(dynamic_shape,) * len(input_names),
        )
    assert program is not None
    return program.model_proto


def _build_graph_inputs(tokenizer: Any, text: str, weights: Floats) -> GraphInputs:
    token_ids = np.array([tokenizer(text, truncation=True, max_length=MAX_TOKENS)["input_ids"]])
    return {"embeddings": weights[token_ids], "mask": np.ones_like(token_ids)}


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
