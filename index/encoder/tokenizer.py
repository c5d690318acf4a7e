"""Text to token ids, in little memory.

A `tokenizers` Unigram model of 250,000 pieces takes 170 to 290 MB and 0.6 s to load. SentencePiece holds the same
pieces in a double-array trie of 70 MB. So a Unigram tokenizer is kept in two files: `tokenizer.json` without its
pieces, which still normalises and splits a text into words exactly as the model's own tokenizer does, and
`pieces.model`, a SentencePiece model that only looks up the best pieces of each word. Token ids are the same
(tested). Any other kind of tokenizer is kept whole.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from index.encoder.model_card import PIECES, TOKENIZER

TextToIds = Callable[[str], list[int]]


def load_tokens(folder: Path) -> TextToIds:
    """Gives the function from a text to its token ids, without special tokens. Safe to call from several threads."""
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    if (folder / PIECES).is_file():
        return _unigram(tokenizer, folder / PIECES)
    return lambda text: list(tokenizer.encode(text, add_special_tokens=False).ids)


def save_tokens(tokenizer: Tokenizer, folder: Path) -> None:
    """Writes the tokenizer's files into the folder: one, or two for a Unigram model."""
    content = json.loads(tokenizer.to_str())
    model = content["model"]
    if model["type"] == "Unigram" and not model.get("byte_fallback"):
        special = {token["content"] for token in content["added_tokens"]}
        (folder / PIECES).write_bytes(_sentencepiece_model(model["vocab"], model["unk_id"], special))
        content["model"] = {**model, "vocab": [["<unk>", 0.0]], "unk_id": 0}
        content["added_tokens"] = []
        content["post_processor"] = None
    (folder / TOKENIZER).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _unigram(tokenizer: Tokenizer, pieces: Path) -> TextToIds:
    from sentencepiece import SentencePieceProcessor

    processor = SentencePieceProcessor(model_file=str(pieces))
    normalizer, splitter = tokenizer.normalizer, tokenizer.pre_tokenizer

    def ids(text: str) -> list[int]:
        normal = normalizer.normalize_str(text) if normalizer else text
        words = [word for word, _ in splitter.pre_tokenize_str(normal)] if splitter else [normal]
        # One after the other: given a list, SentencePiece starts threads, which takes four times as long.
        return [piece for word in words for piece in processor.encode(word)]

    return ids


def _sentencepiece_model(vocabulary: list[tuple[str, float]], unknown: int, special: set[str]) -> bytes:
    """A SentencePiece model with the same ids, which leaves the text as it is."""
    from sentencepiece import sentencepiece_model_pb2

    proto: Any = sentencepiece_model_pb2  # its classes are made at run time
    kinds = proto.ModelProto.SentencePiece
    model = proto.ModelProto()
    for index, (piece, score) in enumerate(vocabulary):
        kind = kinds.UNKNOWN if index == unknown else kinds.CONTROL if piece in special else kinds.NORMAL
        model.pieces.add(piece=piece, score=score, type=kind)
    model.trainer_spec.model_type = proto.TrainerSpec.UNIGRAM
    model.trainer_spec.vocab_size = len(vocabulary)
    model.trainer_spec.unk_id = unknown
    model.trainer_spec.bos_id = model.trainer_spec.eos_id = model.trainer_spec.pad_id = -1
    model.normalizer_spec.name = "identity"
    model.normalizer_spec.add_dummy_prefix = False
    model.normalizer_spec.remove_extra_whitespaces = False
    model.normalizer_spec.escape_whitespaces = False
    return bytes(model.SerializeToString())


def special_ids(tokenizer: Tokenizer) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The ids that the tokenizer puts before and after every text."""
    inner = tokenizer.encode("a", add_special_tokens=False).ids
    outer = tokenizer.encode("a").ids
    start = next(at for at in range(len(outer)) if outer[at : at + len(inner)] == inner)
    return tuple(outer[:start]), tuple(outer[start + len(inner) :])


def pair_ids(tokenizer: Tokenizer) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """The ids that the tokenizer puts before, between and after two texts."""
    inner = tokenizer.encode("a", add_special_tokens=False).ids
    outer = tokenizer.encode("a", "a").ids
    first, second = [at for at in range(len(outer)) if outer[at : at + len(inner)] == inner][:2]
    return tuple(outer[:first]), tuple(outer[first + len(inner) : second]), tuple(outer[second + len(inner) :])


def blank_ids(tokenizer: Tokenizer) -> tuple[int, ...]:
    """The ids of tokens that stand for a space alone, as SentencePiece and byte-level tokenizers mark it."""
    ids = (tokenizer.token_to_id(mark) for mark in ("\u2581", "\u0120"))
    return tuple(token for token in ids if token is not None)
