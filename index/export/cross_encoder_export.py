"""Any sentence-transformers cross-encoder that gives one score -> a folder to serve it from, see `cross_encoder`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from index.encoder.cross_encoder import CrossEncoder
from index.encoder.model_card import CROSS_ENCODER_CARD_FILE, CrossEncoderCard, hash_file, write_card_file
from index.encoder.tokenizer import pair_special_token_ids
from index.errors import EncoderError
from index.export.encoder_export import (
    MAX_TOKENS,
    StatusCallback,
    check_tokenizer,
    export_to_onnx,
    list_model_files,
    stage_folder,
    write_model_files,
)
from index.export.sample_texts import SAMPLE_TEXTS

if TYPE_CHECKING:
    from onnx import ModelProto

MIN_CORRELATION = 0.98
SAMPLE_QUESTION = "Wie bekomme ich einen Termin für eine Beratung?"


def export_cross_encoder(name: str, out: Path, progress: StatusCallback) -> Path:
    """Exports a cross-encoder into the folder ``out`` and checks it; one already there is replaced in one step.

    Args:
        name: a folder, or a name on the hub.

    Raises:
        EncoderError: it cannot be loaded, is of a kind we cannot serve, or its export gives other scores.
    """
    progress(f"loading {name}")
    source = _load_source(name)
    with stage_folder(out) as staging:
        progress("exporting")
        _write_cross_encoder(name, source, staging)
        progress("checking")
        _verify_export(name, source, CrossEncoder.load(staging))
    return out


def _load_source(name: str) -> Any:
    from sentence_transformers import CrossEncoder as Source
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        source = Source(name, device="cpu")
    except Exception as error:  # the hub, the file system and each model class have their own errors
        raise EncoderError(f"The cross-encoder {name} cannot be loaded: {error}") from error
    if [type(module).__name__ for module in source] != ["Transformer"] or source.num_labels != 1:
        raise EncoderError(f"{name} gives no single score for a pair, so it cannot be served")
    check_tokenizer(name, source.tokenizer)
    return source


def _write_cross_encoder(name: str, source: Any, folder: Path) -> None:
    segments = getattr(source.model.config, "type_vocab_size", 0) > 1
    bits = write_model_files(
        name, source.model, lambda: _export_layers(source.model, segments), source.tokenizer, folder
    )
    before, between, after = pair_special_token_ids(source.tokenizer.backend_tokenizer)
    card = CrossEncoderCard(
        name=name,
        revision=getattr(source.model.config, "_commit_hash", None) or "",
        max_length=min(source.max_seq_length or source.tokenizer.model_max_length, MAX_TOKENS),
        bits=bits,
        before=before,
        between=between,
        after=after,
        segments=segments,
        files={file: hash_file(folder / file) for file in list_model_files(folder)},
    )
    write_card_file(card, folder, CROSS_ENCODER_CARD_FILE)


def _export_layers(model: Any, segments: bool) -> "ModelProto":
    """The model from its word embeddings to the score, as an ONNX model in float32."""
    import torch

    class PairScorer(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model.eval()

        def forward(
            self, embeddings: torch.Tensor, mask: torch.Tensor, segments: torch.Tensor | None = None
        ) -> torch.Tensor:
            segment_arguments = {} if segments is None else {"token_type_ids": segments}
            scores: torch.Tensor = self.model(
                inputs_embeds=embeddings, attention_mask=mask, **segment_arguments
            ).logits
            return scores

    model.set_attn_implementation("eager")
    width = model.get_input_embeddings().embedding_dim
    return export_to_onnx(PairScorer(), width, ("embeddings", "mask", "segments")[: 3 if segments else 2], "scores")


def _verify_export(name: str, source: Any, cross_encoder: CrossEncoder) -> None:
    import torch

    passages = [text for text in SAMPLE_TEXTS if text]
    pairs = [(SAMPLE_QUESTION, text) for text in passages]
    expected = source.predict(pairs, activation_fn=torch.nn.Identity(), batch_size=1, show_progress_bar=False)
    if (
        correlation := float(np.corrcoef(expected, cross_encoder.score_passages(SAMPLE_QUESTION, passages))[0, 1])
    ) < MIN_CORRELATION:
        raise EncoderError(
            f"The export of {name} differs from the model: its scores correlate by {correlation:.3f}, expected "
            f"{MIN_CORRELATION} or more; choose another model"
        )
