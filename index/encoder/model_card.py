"""What an encoder folder says about itself: `encoder.json`."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from index.encoder.quantization import BitWidth
from index.errors import EncoderError

CARD_FORMAT = 1
CARD_FILE, EXACT_GRAPH_FILE, EMBEDDINGS_FILE, TOKENIZER_FILE, PIECES_FILE = (
    "encoder.json",
    "graph.onnx",
    "embeddings.npy",
    "tokenizer.json",
    "pieces.model",
)
FAST_GRAPH_FILE = "questions.onnx"  # a faster graph for questions; there need not be one
CROSS_ENCODER_CARD_FILE = "cross-encoder.json"
ENCODER_REPAIR_HINT = "run: gwbot model prepare"


@dataclass(frozen=True, slots=True)
class EncoderCard:
    """The description of one prepared encoder.

    Attributes:
        name: the model's name, as a hub or the bundled package calls it.
        revision: the hub's commit, or the SHA-256 of the bundled file; empty for a folder.
        dimension: numbers in a vector.
        max_length: tokens read of a text, with the special ones; the rest is cut off.
        query_prompt: put before a question.
        passage_prompt: put before a passage.
        pooling: "mean" or "cls".
        bits: of a number in the embedding table and the graph's matrices, 4 or 8.
        before: token ids put before a text.
        after: token ids put after a text.
        unknown: the id of the unknown token; none where every text can be read.
        blank: the ids of tokens that stand for a space alone.
        files: SHA-256 by file name.
        format: version of the folder's layout.
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
        """SHA-256 over the files and the prompts: equal digests give equal vectors."""
        hashed_lines = [self.query_prompt, self.passage_prompt, *map(str, sorted(self.files.items()))]
        return hashlib.sha256("\n".join(hashed_lines).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class CrossEncoderCard:
    """The description of one prepared cross-encoder; what is not said here is as in `Card`.

    Attributes:
        between: token ids put between question and passage.
        segments: whether the graph is told which of the two texts a token belongs to.
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
    """The card of an encoder folder; every file it names is there.

    Raises:
        EncoderError: there is no encoder, or it is of another version, or incomplete.
    """
    return read_card_file(EncoderCard, folder, CARD_FILE, ENCODER_REPAIR_HINT)


def write_card_file(card: EncoderCard | CrossEncoderCard, folder: Path, file_name: str) -> None:
    """Writes a description into a prepared folder."""
    text = json.dumps(asdict(card), indent=2, ensure_ascii=False)
    (folder / file_name).write_text(text + "\n", encoding="utf-8")


def read_card_file(card_type: type[CardT], folder: Path, file_name: str, repair_hint: str) -> CardT:
    """The description ``name`` of a prepared folder as a dataclass with ``files`` and ``format``; ``mend`` as advice.

    Raises:
        EncoderError: there is none, or it is of another version, or a file that it names is missing.
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
        raise EncoderError(f"{path} is no description of what is served from here; {repair_hint}")
    if values["format"] != CARD_FORMAT:
        raise EncoderError(f"{path} has format {values['format']}, expected {CARD_FORMAT}; {repair_hint}")
    if missing := [file_name for file_name in values["files"] if not (folder / file_name).is_file()]:
        raise EncoderError(f"{folder} lacks {', '.join(missing)}; {repair_hint}")
    field_values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
    }
    return card_type(**field_values)


def verify_encoder_files(folder: Path) -> EncoderCard:
    """The card, after comparing every file with its SHA-256 (reads them whole; about 0.1 s).

    Raises:
        EncoderError: as `read_card`, or a file was changed.
    """
    card = read_encoder_card(folder)
    for name, expected in card.files.items():
        if hash_file(folder / name) != expected:
            raise EncoderError(f"{folder / name} was changed or damaged; {ENCODER_REPAIR_HINT}")
    return card


def hash_file(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
