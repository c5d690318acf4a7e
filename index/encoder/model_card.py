"""The files of a prepared encoder folder, and its description, `encoder.json` or `cross-encoder.json`."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from index.encoder.quantization import BitWidth
from index.errors import EncoderError

CARD_FORMAT = 1
CARD_FILE = "encoder.json"
CROSS_ENCODER_CARD_FILE = "cross-encoder.json"
EXACT_GRAPH_FILE = "graph.onnx"  # from word embeddings to the vector or score
FAST_GRAPH_FILE = "questions.onnx"  # the same, faster and less exact, for queries; optional
EMBEDDINGS_FILE = "embeddings.npy"  # the word embeddings, see quantization.py
TOKENIZER_FILE = "tokenizer.json"
PIECES_FILE = "pieces.model"  # the vocabulary of a Unigram tokenizer, see tokenizer.py; optional
ENCODER_REPAIR_HINT = "run: gwbot model prepare"


@dataclass(frozen=True, slots=True)
class EncoderCard:
    """The description of one prepared encoder.

    Attributes:
        name: the model's name on the hub or in the bundled package.
        revision: the hub's commit, or the SHA-256 of the bundled file and of its adapter; empty for a folder.
        dimension: numbers per vector.
        max_length: maximum length of a text in tokens, including special ones; the rest is truncated.
        query_prompt: prefix of every query.
        passage_prompt: prefix of every passage.
        pooling: "mean" or "cls".
        bits: bits per number in the embedding table.
        before: special token ids before a text.
        after: special token ids after a text.
        unknown: the id of the unknown token; None if the tokenizer can represent every text.
        blank: the ids of tokens that represent only a space.
        files: SHA-256 in hexadecimal by file name.
        format: version of the folder layout.
    """

    name: str
    revision: str
    dimension: int
    max_length: int
    query_prompt: str
    passage_prompt: str
    pooling: str
    bits: BitWidth
    before: tuple[int, ...]
    after: tuple[int, ...]
    unknown: int | None
    blank: tuple[int, ...]
    files: Mapping[str, str]
    format: int = CARD_FORMAT

    @property
    def digest(self) -> str:
        """The SHA-256 of files and prompts; equal digests mean equal vectors."""
        hashed_lines = [self.query_prompt, self.passage_prompt, *map(str, sorted(self.files.items()))]
        return hashlib.sha256("\n".join(hashed_lines).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class CrossEncoderCard:
    """The description of one prepared cross-encoder; attributes not listed here are as in EncoderCard.

    Attributes:
        between: special token ids between question and passage.
        segments: whether the graph takes segment ids, 0 for the question and 1 for the passage.
    """

    name: str
    revision: str
    max_length: int
    bits: BitWidth
    before: tuple[int, ...]
    between: tuple[int, ...]
    after: tuple[int, ...]
    segments: bool
    files: Mapping[str, str]
    format: int = CARD_FORMAT


CardT = TypeVar("CardT", EncoderCard, CrossEncoderCard)


def read_encoder_card(folder: Path) -> EncoderCard:
    """Read the card of an encoder folder, and check that every file that it lists exists.

    Raises:
        EncoderError: there is no encoder, or it has another format, or is incomplete.
    """
    return read_card_file(EncoderCard, folder, CARD_FILE, ENCODER_REPAIR_HINT)


def write_card_file(card: EncoderCard | CrossEncoderCard, folder: Path, file_name: str) -> None:
    """Write a card into a prepared folder."""
    text = json.dumps(asdict(card), indent=2, ensure_ascii=False)
    (folder / file_name).write_text(text + "\n", encoding="utf-8")


def read_card_file(card_type: type[CardT], folder: Path, file_name: str, repair_hint: str) -> CardT:
    """Read a card of a prepared folder, and check that every file that it lists exists.

    Raises:
        EncoderError: there is no card, or it has another format, or a file is missing; ends with ``repair_hint``.
    """
    path = folder / file_name
    label = file_name.removesuffix(".json")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise EncoderError(f"No {label} in {folder}; {repair_hint}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise EncoderError(f"{path} cannot be read ({error}); {repair_hint}") from error
    if not isinstance(values, dict) or set(values) != {field.name for field in fields(card_type)}:
        raise EncoderError(f"{path} is not the description of a prepared model; {repair_hint}")
    if values["format"] != CARD_FORMAT:
        raise EncoderError(f"{path} has format {values['format']}, expected {CARD_FORMAT}; {repair_hint}")
    if missing := [file_name for file_name in values["files"] if not (folder / file_name).is_file()]:
        raise EncoderError(f"{folder} lacks {', '.join(missing)}; {repair_hint}")
    arguments: dict[str, Any] = {key: tuple(item) if isinstance(item, list) else item for key, item in values.items()}
    return card_type(**arguments)


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
