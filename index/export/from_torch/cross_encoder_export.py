"""Export any sentence-transformers cross-encoder with a single score into a folder for encoder/cross_encoder.py."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from index.encoder.cross_encoder import CrossEncoder
from index.encoder.model_card import CROSS_ENCODER_CARD_FILE, CrossEncoderCard, write_card_file
from index.encoder.tokenizer import special_token_ids
from index.errors import EncoderError
from index.export.from_torch.source_model import check_source, check_tokenizer, load_source, trace_model
from index.export.model_folder import MAX_TOKENS, SAMPLE_TEXTS, StatusCallback, stage_folder, write_model_files

MIN_CORRELATION = 0.98  # between the scores of the export and of the original, over the sample texts
SAMPLE_QUESTION = "Wie bekomme ich einen Termin für eine Beratung?"


def export_cross_encoder(name: str, out: Path, progress: StatusCallback) -> Path:
    """Export a cross-encoder into the folder ``out``, verify it, and replace an existing one atomically.

    Args:
        name: a folder, or a name on the hub.
        progress: called with the current step in a few words.

    Raises:
        EncoderError: it cannot be loaded or is not supported, or its export gives different scores.
    """
    check_source(name, "cross-encoder")
    progress(f"loading {name}")
    source = _load_cross_encoder(name)
    with stage_folder(out) as staging:
        progress("exporting")
        _write_cross_encoder(name, source, staging)
        progress("checking")
        _verify_export(name, source, CrossEncoder.load(staging))
    return out


def _load_cross_encoder(name: str) -> Any:
    from sentence_transformers import CrossEncoder as SourceCrossEncoder

    source = load_source(name, "cross-encoder", partial(SourceCrossEncoder, name, device="cpu"))
    if [type(module).__name__ for module in source] != ["Transformer"] or source.num_labels != 1:
        raise EncoderError(f"{name} does not give a single score per pair, so it is not supported")
    check_tokenizer(name, source.tokenizer)
    return source


def _write_cross_encoder(name: str, source: Any, folder: Path) -> None:
    segments = getattr(source.model.config, "type_vocab_size", 0) > 1
    input_names = ("embeddings", "mask", "segments") if segments else ("embeddings", "mask")
    layers = _build_layers(source.model)
    model = trace_model(name, source.model, source.tokenizer, layers, input_names, "scores")
    bits, files = write_model_files(model, folder)
    before, between, after = special_token_ids(source.tokenizer.backend_tokenizer, is_pair=True)
    card = CrossEncoderCard(
        name=name,
        revision=getattr(source.model.config, "_commit_hash", None) or "",
        max_length=min(source.max_seq_length or source.tokenizer.model_max_length, MAX_TOKENS),
        bits=bits,
        before=before,
        between=between,
        after=after,
        segments=segments,
        files=files,
    )
    write_card_file(card, folder, CROSS_ENCODER_CARD_FILE)


def _build_layers(model: Any) -> Any:
    """Build the module from word embeddings to the score."""
    import torch

    class PairScorer(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model.eval()

        def forward(
            self, embeddings: torch.Tensor, mask: torch.Tensor, segments: torch.Tensor | None = None
        ) -> torch.Tensor:
            segment_arguments = {} if segments is None else {"token_type_ids": segments}
            output = self.model(inputs_embeds=embeddings, attention_mask=mask, **segment_arguments)
            scores: torch.Tensor = output.logits
            return scores

    return PairScorer()


def _verify_export(name: str, source: Any, cross_encoder: CrossEncoder) -> None:
    import torch

    passages = [text for text in SAMPLE_TEXTS if text]
    pairs = [(SAMPLE_QUESTION, text) for text in passages]
    expected = source.predict(pairs, activation_fn=torch.nn.Identity(), batch_size=1, show_progress_bar=False)
    scores = cross_encoder.score_passages(SAMPLE_QUESTION, passages)
    if (correlation := float(np.corrcoef(expected, scores)[0, 1])) < MIN_CORRELATION:
        raise EncoderError(
            f"The export of {name} differs from the model: its scores correlate by {correlation:.3f}, expected "
            f"{MIN_CORRELATION} or more; choose another model"
        )
