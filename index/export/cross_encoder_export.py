"""Any sentence-transformers cross-encoder that gives one score -> a folder to serve it from, see `cross_encoder`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from index.encoder.cross_encoder import CrossEncoder
from index.encoder.model_card import PAIR_CARD, PairCard, file_hash, write_as
from index.encoder.tokenizer import pair_ids
from index.errors import EncoderError
from index.export.encoder_export import (
    MOST_TOKENS,
    Progress,
    check_tokenizer,
    files,
    fresh_folder,
    to_onnx,
    write_parts,
)
from index.export.sample_texts import SAMPLES

if TYPE_CHECKING:
    from onnx import ModelProto

LOWEST_CORRELATION = 0.98
QUESTION = "Wie bekomme ich einen Termin für eine Beratung?"


def prepare_pairs(name: str, out: Path, progress: Progress) -> Path:
    """Exports a cross-encoder into the folder ``out`` and checks it; one already there is replaced in one step.

    Args:
        name: a folder, or a name on the hub.

    Raises:
        EncoderError: it cannot be loaded, is of a kind we cannot serve, or its export gives other scores.
    """
    progress(f"loading {name}")
    source = _load(name)
    with fresh_folder(out) as fresh:
        progress("exporting")
        _write(name, source, fresh)
        progress("checking")
        _check(name, source, CrossEncoder.load(fresh))
    return out


def _load(name: str) -> Any:
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


def _write(name: str, source: Any, folder: Path) -> None:
    segments = getattr(source.model.config, "type_vocab_size", 0) > 1
    bits = write_parts(name, source.model, lambda: _layers(source.model, segments), source.tokenizer, folder)
    before, between, after = pair_ids(source.tokenizer.backend_tokenizer)
    card = PairCard(
        name=name,
        revision=getattr(source.model.config, "_commit_hash", None) or "",
        max_length=min(source.max_seq_length or source.tokenizer.model_max_length, MOST_TOKENS),
        bits=bits,
        before=before,
        between=between,
        after=after,
        segments=segments,
        files={file: file_hash(folder / file) for file in files(folder)},
    )
    write_as(card, folder, PAIR_CARD)


def _layers(model: Any, segments: bool) -> "ModelProto":
    """The model from its word embeddings to the score, as an ONNX model in float32."""
    import torch

    class Pairs(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model.eval()

        def forward(
            self, embeddings: torch.Tensor, mask: torch.Tensor, segments: torch.Tensor | None = None
        ) -> torch.Tensor:
            known = {} if segments is None else {"token_type_ids": segments}
            scores: torch.Tensor = self.model(inputs_embeds=embeddings, attention_mask=mask, **known).logits
            return scores

    model.set_attn_implementation("eager")
    width = model.get_input_embeddings().embedding_dim
    return to_onnx(Pairs(), width, ("embeddings", "mask", "segments")[: 3 if segments else 2], "scores")


def _check(name: str, source: Any, served: CrossEncoder) -> None:
    import torch

    passages = [text for text in SAMPLES if text]
    pairs = [(QUESTION, text) for text in passages]
    expected = source.predict(pairs, activation_fn=torch.nn.Identity(), batch_size=1, show_progress_bar=False)
    if (found := float(np.corrcoef(expected, served.scores(QUESTION, passages))[0, 1])) < LOWEST_CORRELATION:
        raise EncoderError(
            f"The export of {name} differs from the model: its scores correlate by {found:.3f}, expected "
            f"{LOWEST_CORRELATION} or more; choose another model"
        )
