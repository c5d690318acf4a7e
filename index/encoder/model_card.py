"""What an encoder folder says about itself: `encoder.json`."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from index.encoder.quantization import Bits
from index.errors import EncoderError

FORMAT = 1
CARD, GRAPH, EMBEDDINGS, TOKENIZER, PIECES = (
    "encoder.json",
    "graph.onnx",
    "embeddings.npy",
    "tokenizer.json",
    "pieces.model",
)
QUESTIONS = "questions.onnx"  # a faster graph for questions; there need not be one
PAIR_CARD = "cross-encoder.json"
MEND = "run: gwbot model prepare"


@dataclass(frozen=True, slots=True)
class Card:
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
    bits: Bits
    before: tuple[int, ...]
    after: tuple[int, ...]
    unknown: int | None
    blank: tuple[int, ...]
    files: Mapping[str, str]
    format: int = FORMAT

    @property
    def digest(self) -> str:
        """SHA-256 over the files and the prompts: equal digests give equal vectors."""
        parts = [self.query_prompt, self.passage_prompt, *map(str, sorted(self.files.items()))]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class PairCard:
    """The description of one prepared cross-encoder; what is not said here is as in `Card`.

    Attributes:
        between: token ids put between question and passage.
        segments: whether the graph is told which of the two texts a token belongs to.
    """

    name: str
    revision: str
    max_length: int
    bits: Bits
    before: tuple[int, ...]
    between: tuple[int, ...]
    after: tuple[int, ...]
    segments: bool
    files: Mapping[str, str]
    format: int = FORMAT


Described = TypeVar("Described", Card, PairCard)


def read_card(folder: Path) -> Card:
    """The card of an encoder folder; every file it names is there.

    Raises:
        EncoderError: there is no encoder, or it is of another version, or incomplete.
    """
    return read_as(Card, folder, CARD, MEND)


def write_as(card: Card | PairCard, folder: Path, name: str) -> None:
    """Writes a description into a prepared folder."""
    text = json.dumps(asdict(card), indent=2, ensure_ascii=False)
    (folder / name).write_text(text + "\n", encoding="utf-8")


def read_as(kind: type[Described], folder: Path, name: str, mend: str) -> Described:
    """The description ``name`` of a prepared folder as a dataclass with ``files`` and ``format``; ``mend`` as advice.

    Raises:
        EncoderError: there is none, or it is of another version, or a file that it names is missing.
    """
    path = folder / name
    what = name.removesuffix(".json")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise EncoderError(f"No {what} in {folder}; {mend}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise EncoderError(f"{path} cannot be read ({error}); {mend}") from error
    if not isinstance(values, dict) or set(values) != {field.name for field in fields(kind)}:
        raise EncoderError(f"{path} is no description of what is served from here; {mend}")
    if values["format"] != FORMAT:
        raise EncoderError(f"{path} has format {values['format']}, expected {FORMAT}; {mend}")
    if missing := [name for name in values["files"] if not (folder / name).is_file()]:
        raise EncoderError(f"{folder} lacks {', '.join(missing)}; {mend}")
    found: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    return kind(**found)


def verify(folder: Path) -> Card:
    """The card, after comparing every file with its SHA-256 (reads them whole; about 0.1 s).

    Raises:
        EncoderError: as `read_card`, or a file was changed.
    """
    card = read_card(folder)
    for name, expected in card.files.items():
        if file_hash(folder / name) != expected:
            raise EncoderError(f"{folder / name} was changed or damaged; {MEND}")
    return card


def file_hash(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
