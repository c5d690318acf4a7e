"""Any sentence-transformers model -> a folder that `encoder.OnnxEncoder` serves from, without torch.

    words -> embedding table (embeddings.npy) -> layers, pooling, normalising (graph.onnx) -> vector

Numbers take 4 bits where the weights were published in 4-bit blocks (the bundled model: nothing is lost), else 8.
"""

import logging
import re
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from index import blocks, bundled, graph
from index.card import CARD, EMBEDDINGS, GRAPH, PIECES, TOKENIZER, Card, file_hash, write_as
from index.encoder import OnnxEncoder
from index.errors import EncoderError
from index.model_file import FILE_SHA256
from index.table import save_table
from index.tokens import blank_ids, save_tokens, special_ids

if TYPE_CHECKING:
    from onnx import ModelProto
    from sentence_transformers import SentenceTransformer

BUNDLED = "bundled"
LOWEST_COSINE = 0.99
POOLINGS = ("mean", "cls")
MOST_TOKENS = 512  # that a graph is exported for

# What the exported encoder is compared on with the model it came from.
SAMPLES = (
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

Progress = Callable[[str], None]


@dataclass(frozen=True)
class _Source:
    """A model that can be exported, taken apart."""

    name: str
    revision: str
    model: "SentenceTransformer"
    transformer: Any
    pooling: str
    query_prompt: str
    passage_prompt: str


def prepare(name: str, out: Path, progress: Progress | None = None) -> Path:
    """Exports a model into the folder `out` and checks it; an encoder already there is replaced in one step.

    Args:
        name: "bundled", a sentence-transformers folder, or a name on the hub.
        out: the encoder folder.
        progress: told in a few words what is being done.

    Raises:
        EncoderError: the model cannot be loaded, is of a kind we cannot serve, or its export gives other vectors.
    """
    tell = progress or (lambda _: None)
    tell(f"loading {name}")
    source = _load(name)
    with fresh_folder(out) as fresh:
        tell("exporting")
        _write(source, fresh)
        tell("checking")
        _check(source, OnnxEncoder.load(fresh))
    return out


@contextmanager
def fresh_folder(out: Path) -> Iterator[Path]:
    """A folder to write into, which takes the place of ``out`` at the end, or is removed after an error."""
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        yield fresh
        _switch(fresh, out)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _load(name: str) -> _Source:
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]
    if name == BUNDLED:
        return _source(bundled.MODEL_NAME, FILE_SHA256, bundled.load())
    try:
        model = SentenceTransformer(name, device="cpu")
    except Exception as error:  # the hub, the file system and each model class have their own errors
        raise EncoderError(f"The model {name} cannot be loaded: {error}") from error
    return _source(name, "", model)


def _source(name: str, revision: str, model: "SentenceTransformer") -> _Source:
    """Takes a model apart, or says why it cannot be served."""
    kinds = [type(module).__name__ for module in model]
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        raise EncoderError(
            f"{name} is made of {', '.join(kinds)}; only Transformer, Pooling, Normalize can be served"
        )
    transformer: Any = model[0]
    pooling: Any = model[1]
    if pooling.pooling_mode not in POOLINGS or not pooling.include_prompt:
        raise EncoderError(f"{name} pools by {pooling.pooling_mode}; only {' and '.join(POOLINGS)} can be served")
    check_tokenizer(name, model.tokenizer)
    revision = revision or getattr(transformer.model.config, "_commit_hash", None) or ""
    prompts = model.prompts if any(model.prompts.values()) else usual_prompts(name)
    passage = prompts.get("document") or prompts.get("passage") or ""
    return _Source(name, revision, model, transformer, pooling.pooling_mode, prompts.get("query") or "", passage)


def check_tokenizer(name: str, tokenizer: Any) -> None:
    """Raises EncoderError where a tokenizer cannot be served."""
    if not getattr(tokenizer, "is_fast", False):
        raise EncoderError(f"{name} has no fast tokenizer (tokenizer.json), so it cannot be served")


def usual_prompts(name: str) -> dict[str, str]:
    """The prompts of a model that needs some but, on the hub, does not say so: the E5 family."""
    return bundled.PROMPTS if re.search(r"\be5-(small|base|large)(-v2)?$", name) else {}


def write_parts(
    name: str, model: Any, layers: "Callable[[], ModelProto]", tokenizer: Any, folder: Path
) -> blocks.Bits:
    """Writes all but the card of a folder to serve from: word embeddings, graph and tokenizer. Gives the bits used.

    Raises:
        EncoderError: the model is of a kind that cannot be exported.
    """
    weights = model.get_input_embeddings().weight.detach().numpy().astype(np.float32)
    bits = blocks.fewest_bits(weights)
    try:
        save_table(weights, bits, folder / EMBEDDINGS)
        graph.finish(layers(), bits, folder / GRAPH)
    except Exception as error:  # torch.onnx reports what it cannot export in many ways
        raise EncoderError(f"{name} cannot be exported: {error}") from error
    save_tokens(tokenizer.backend_tokenizer, folder)
    return bits


def _write(source: _Source, folder: Path) -> None:
    model = source.transformer.model
    bits = write_parts(source.name, model, lambda: _layers(source), source.model.tokenizer, folder)
    tokenizer = source.model.tokenizer
    before, after = special_ids(tokenizer.backend_tokenizer)
    card = Card(
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
        blank=blank_ids(tokenizer.backend_tokenizer),
        files={name: file_hash(folder / name) for name in files(folder)},
    )
    write_as(card, folder, CARD)


def _layers(source: _Source) -> "ModelProto":
    """The transformer from its word embeddings on, with pooling and normalising, as an ONNX model in float32."""
    import torch

    class Layers(torch.nn.Module):
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
    return to_onnx(Layers(), width, ("embeddings", "mask"), "vectors")


def to_onnx(module: Any, width: int, inputs: Sequence[str], output: str) -> "ModelProto":
    """A torch module as an ONNX model: embeddings (batch, tokens, width), then inputs of whole numbers alike."""
    import torch

    whole = tuple(torch.ones(2, 9, dtype=torch.int64) for _ in inputs[1:])
    sizes = {0: torch.export.Dim("batch", min=1, max=4096), 1: torch.export.Dim("tokens", min=1, max=MOST_TOKENS)}
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecations
        program = torch.onnx.export(
            module,
            (torch.randn(2, 9, width), *whole),
            dynamo=True,
            verbose=False,
            input_names=list(inputs),
            output_names=[output],
            dynamic_shapes=(sizes,) * len(inputs),
        )
    assert program is not None
    return program.model_proto


def files(folder: Path) -> list[str]:
    """The names of the files that a prepared folder is made of."""
    return [name for name in (GRAPH, EMBEDDINGS, TOKENIZER, PIECES) if (folder / name).is_file()]


def _check(source: _Source, encoder: OnnxEncoder) -> None:
    for prompt, encode in (
        (source.query_prompt, encoder.encode_queries),
        (source.passage_prompt, encoder.encode_passages),
    ):
        expected = source.model.encode(
            list(SAMPLES), prompt=prompt, batch_size=1, normalize_embeddings=True, show_progress_bar=False
        )
        cosines = np.sum(expected * encode(SAMPLES), axis=1)
        if (lowest := float(cosines.min())) < LOWEST_COSINE:
            raise EncoderError(
                f"The export of {source.name} differs from the model: cosine {lowest:.3f} for sample "
                f"{int(cosines.argmin())}, expected {LOWEST_COSINE} or more; choose another model"
            )


def _switch(fresh: Path, out: Path) -> None:
    """Puts the new folder in place; the old one is there until the moment before."""
    fresh.chmod(0o755)
    old = fresh.with_name(fresh.name + "-old")
    if out.exists():
        out.rename(old)
    try:
        fresh.rename(out)
    except OSError:
        if old.exists():
            old.rename(out)
        raise
    shutil.rmtree(old, ignore_errors=True)
