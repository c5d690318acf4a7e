"""Export any encoder that sentence-transformers can load into a folder that OnnxEncoder serves from."""

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.encoder.encoder import Vectors
from index.errors import EncoderError
from index.export.bundled_encoder import E5_PROMPTS
from index.export.encoder_folder import SourceEncoder, write_encoder_folder
from index.export.from_torch.source_model import check_source, check_tokenizer, load_source, trace_model
from index.export.model_folder import StatusCallback

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

SUPPORTED_POOLINGS = ("mean", "cls")


def export_encoder(name: str, out: Path, progress: StatusCallback = lambda _: None) -> Path:
    """Export a model into the folder ``out``, verify it, and replace an existing encoder atomically.

    Args:
        name: a sentence-transformers folder, or a name on the hub.
        progress: called with the current step in a few words.

    Raises:
        EncoderError: the model cannot be loaded or is not supported, or its export gives different vectors.
    """
    check_source(name, "model")
    progress(f"loading {name}")
    from sentence_transformers import SentenceTransformer

    model = load_source(name, "model", partial(SentenceTransformer, name, device="cpu"))
    progress("tracing")
    return write_encoder_folder(_inspect_model(name, model), out, progress)


def _inspect_model(name: str, model: "SentenceTransformer") -> SourceEncoder:
    """Return the parts of a model; raises EncoderError if it is not supported."""
    module_types = [type(module).__name__ for module in model]
    if module_types not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        module_names = ", ".join(module_types)
        raise EncoderError(f"{name} consists of {module_names}; only Transformer, Pooling, Normalize are supported")
    pooling: Any = model[1]
    if pooling.pooling_mode not in SUPPORTED_POOLINGS or not pooling.include_prompt:
        supported = " and ".join(SUPPORTED_POOLINGS)
        raise EncoderError(f"{name} pools by {pooling.pooling_mode}; only {supported} are supported")
    check_tokenizer(name, model.tokenizer)
    module: Any = model[0]
    transformer, tokenizer = module.model, model.tokenizer
    layers = _build_layers(transformer, pooling.pooling_mode)
    prompts = model.prompts if any(model.prompts.values()) else default_prompts(name)

    def encode_texts(texts: Sequence[str]) -> Vectors:
        vectors: Vectors = model.encode(
            list(texts), prompt="", batch_size=1, normalize_embeddings=True, show_progress_bar=False
        )
        return vectors

    return SourceEncoder(
        name=name,
        revision=getattr(transformer.config, "_commit_hash", None) or "",
        model=trace_model(name, transformer, tokenizer, layers, ("embeddings", "mask"), "vectors"),
        dimension=int(model.get_embedding_dimension() or transformer.config.hidden_size),
        max_length=int(model.max_seq_length or tokenizer.model_max_length),
        query_prompt=prompts.get("query") or "",
        passage_prompt=prompts.get("document") or prompts.get("passage") or "",
        pooling=pooling.pooling_mode,
        unknown=tokenizer.unk_token_id,
        encode_texts=encode_texts,
    )


def default_prompts(name: str) -> dict[str, str]:
    """Return the prompts of E5 models, which need some but do not declare them on the hub; {} for other models."""
    return E5_PROMPTS if re.search(r"\be5-(small|base|large)(-v2)?$", name) else {}


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
