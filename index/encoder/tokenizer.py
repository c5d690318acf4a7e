"""Convert text to token ids in little memory.

A `tokenizers` Unigram model of 250,000 pieces takes 170 to 290 MB and 0.6 s to load; SentencePiece stores the same
pieces in a double-array trie of 70 MB. A Unigram tokenizer is therefore split into two files: `tokenizer.json`
without the pieces, which normalises and pre-tokenizes a text exactly as the original does, and `pieces.model`, a
SentencePiece model that only segments each word. Token ids are the same (tested). Any other tokenizer stays whole.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from index.encoder.model_card import PIECES_FILE, TOKENIZER_FILE

TextToIds = Callable[[str], list[int]]


def load_tokenizer(folder: Path) -> TextToIds:
    """Return a thread-safe function from a text to its token ids, without special tokens."""
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    if (folder / PIECES_FILE).is_file():
        return _build_unigram_encoder(tokenizer, folder / PIECES_FILE)
    return lambda text: list(tokenizer.encode(text, add_special_tokens=False).ids)


def save_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Write the tokenizer into a folder: one file, or two for a Unigram model."""
    content = json.loads(tokenizer.to_str())
    model = content["model"]
    if model["type"] == "Unigram" and not model.get("byte_fallback"):
        special_tokens = {token["content"] for token in content["added_tokens"]}
        pieces = _build_sentencepiece_model(model["vocab"], model["unk_id"], special_tokens)
        (folder / PIECES_FILE).write_bytes(pieces)
        content["model"] = {**model, "vocab": [["<unk>", 0.0]], "unk_id": 0}
        content |= {"added_tokens": [], "post_processor": None}
    (folder / TOKENIZER_FILE).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _build_unigram_encoder(tokenizer: Tokenizer, pieces_path: Path) -> TextToIds:
    from sentencepiece import SentencePieceProcessor

    processor = SentencePieceProcessor(model_file=str(pieces_path))
    normalizer, splitter = tokenizer.normalizer, tokenizer.pre_tokenizer

    def text_to_ids(text: str) -> list[int]:
        normalized = normalizer.normalize_str(text) if normalizer else text
        words = [word for word, _ in splitter.pre_tokenize_str(normalized)] if splitter else [normalized]
        # One word at a time: given a list, SentencePiece starts threads, which takes four times as long.
        return [piece for word in words for piece in processor.encode(word)]

    return text_to_ids


def _build_sentencepiece_model(
    vocabulary: list[tuple[str, float]], unknown_id: int, special_tokens: set[str]
) -> bytes:
    """Build a SentencePiece model with the same ids that does not normalise the text."""
    from sentencepiece import sentencepiece_model_pb2

    proto: Any = sentencepiece_model_pb2  # its classes are made at run time
    piece_types = proto.ModelProto.SentencePiece
    model = proto.ModelProto()
    for piece_id, (piece, score) in enumerate(vocabulary):
        piece_type = piece_types.CONTROL if piece in special_tokens else piece_types.NORMAL
        model.pieces.add(piece=piece, score=score, type=piece_types.UNKNOWN if piece_id == unknown_id else piece_type)
    model.trainer_spec.model_type = proto.TrainerSpec.UNIGRAM
    model.trainer_spec.vocab_size = len(vocabulary)
    model.trainer_spec.unk_id = unknown_id
    model.trainer_spec.bos_id = model.trainer_spec.eos_id = model.trainer_spec.pad_id = -1
    model.normalizer_spec.name = "identity"
    model.normalizer_spec.add_dummy_prefix = False
    model.normalizer_spec.remove_extra_whitespaces = False
    model.normalizer_spec.escape_whitespaces = False
    return bytes(model.SerializeToString())


def special_token_ids(tokenizer: Tokenizer, *, is_pair: bool = False) -> tuple[tuple[int, ...], ...]:
    """Return the special token ids before, between and after a text, or a pair of texts."""
    plain_ids = tokenizer.encode("a", add_special_tokens=False).ids
    framed_ids = tokenizer.encode("a", "a" if is_pair else None).ids
    special_ids, position = [], 0
    for _ in range(1 + is_pair):
        offsets = range(position, len(framed_ids))
        start = next(offset for offset in offsets if framed_ids[offset : offset + len(plain_ids)] == plain_ids)
        special_ids.append(tuple(framed_ids[position:start]))
        position = start + len(plain_ids)
    return (*special_ids, tuple(framed_ids[position:]))


def blank_token_ids(tokenizer: Tokenizer) -> tuple[int, ...]:
    """Return the ids of tokens that represent only a space, in the notation of SentencePiece and byte-level BPE."""
    token_ids = (tokenizer.token_to_id(mark) for mark in ("\u2581", "\u0120"))
    return tuple(token for token in token_ids if token is not None)
