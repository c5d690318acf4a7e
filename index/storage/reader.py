"""An index opened for searching: what a question needs, in memory, mapped, or behind a connection."""

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.decision.calibration import Calibration, calibration_from
from index.encoder.encoder import Encoder
from index.errors import IndexUnusable
from index.storage import manifest
from index.storage.bm25 import Lexical
from index.storage.entry_store import Entries, Names
from index.storage.group_scorer import Ballots
from index.storage.layout import CLUSTERS, CURRENT, FLOATS, NAMES, PASSAGES
from index.storage.manifest import Manifest
from index.storage.protocols import Nearest, Words
from index.storage.term_overlap import Cover
from index.storage.vector_index import Dense
from index.text.proper_names import ProperNames
from knowledge.passages import KINDS, Kind
from knowledge.records.entry import Entry
from knowledge.records.intents import Reply

GAP_HANDICAP, INTENT_HANDICAP, FOREIGN_HANDICAP = 0.015, 0.005, 0.03  # of a cosine; see docs/figures.md


@dataclass(frozen=True, slots=True)
class Opened:
    """One version of an index, named as its place names it. Targets are entry ids, and intents as ``@<id>``."""

    version: str
    manifest: Manifest
    calibration: Calibration
    entries: Entries  # id -> language -> entry
    intents: dict[str, Reply]
    targets: Names
    owners: NDArray[np.int32]  # row -> number of the target
    kinds: NDArray[np.uint8]  # row -> number of the kind
    handicaps: NDArray[np.float32]  # row -> what is taken off its cosine
    is_intent: NDArray[np.bool_]  # by number of the target
    is_refusal: NDArray[np.bool_]  # of the intents
    is_gap: NDArray[np.bool_]
    names: ProperNames  # what a question is also read without
    ballots: Ballots | None  # None where there are too many vectors to compare them all
    dense: Nearest
    cover: Cover
    lexical: Words
    passage: Callable[[int], str]  # the text behind one vector, for explanations only; "" where its source is gone

    def entry(self, entry_id: str, lang: str) -> Entry:
        """An entry in a language, or in the first language it has. Raises KeyError for an unknown id."""
        by_lang = self.entries[entry_id]
        return by_lang.get(lang) or next(iter(by_lang.values()))

    def searched(self, entry_id: str) -> tuple[Entry, ...]:
        """An entry in each language that is searched in. Raises KeyError for an unknown id."""
        return tuple(entry for entry in self.entries[entry_id].values() if entry.lang in self.manifest.languages)


@dataclass(frozen=True, slots=True)
class Parts:
    """What of an index lies differently in different places."""

    entries: Entries
    dense: Nearest
    cover: Cover
    lexical: Words
    passage: Callable[[int], str]


def current(root: Path) -> Path:
    """The folder of the current version; raises IndexUnusable where nothing was built yet."""
    folder = (root / CURRENT).resolve()
    if not folder.is_dir():
        raise IndexUnusable(f"There is no index in {root}. Run: gwbot index build")
    return folder


def open_index(root: Path, encoder: Encoder) -> Opened:
    """Open the current version, verified against its hashes and against the encoder.

    Raises:
        IndexUnusable: missing, damaged, or made with another encoder; the message says what to run.
    """
    folder = current(root)
    head = manifest.read(folder)
    calibration = fitting(head, encoder, str(root))
    # The floats behind clusters are for the next build only: most of the bytes, and not read for a question.
    with readable(str(folder)):
        manifest.verify(folder, head, without=FLOATS if CLUSTERS in head.files else "")
        parts = Parts(
            entries=Entries.open(folder),
            dense=Dense.open(folder),
            cover=Cover.open(folder, len(Names(folder)), head.languages),
            lexical=Lexical(folder / "words.db"),
            passage=partial(_passage, folder),
        )
        return assembled(str(folder), folder, head, calibration, parts)


def fitting(head: Manifest, encoder: Encoder, where: str) -> Calibration:
    """The calibration of an index; raises IndexUnusable where encoder or program are not those it was made with."""
    if head.encoder_digest != encoder.digest:
        raise IndexUnusable(
            f"The index in {where} was made with the encoder {head.encoder}, which is not the one now installed "
            f"({encoder.name}). Run: gwbot index build"
        )
    try:
        return calibration_from(head.calibration)
    except (KeyError, TypeError):
        raise IndexUnusable(
            f"The index in {where} was made by another version of this program. Run: gwbot index build"
        ) from None


@contextlib.contextmanager
def readable(where: str) -> Iterator[None]:
    """Whatever damaged or unreadable files lead to is IndexUnusable."""
    try:
        yield
    except OSError as error:
        raise manifest.unreadable(where, error) from None
    except (ValueError, TypeError, LookupError, EOFError, AttributeError, RecursionError) as error:
        what = type(error).__name__
        raise IndexUnusable(f"The index in {where} is damaged ({what}). Run: gwbot index build") from None


def assembled(version: str, folder: Path, head: Manifest, calibration: Calibration, parts: Parts) -> Opened:
    """Put together from ``parts`` and from the small files of an index folder, which are read here."""
    rows = np.load(folder / "rows.npy")
    intents = json.loads((folder / "intents.json").read_text(encoding="utf-8"))
    targets = Names(folder)
    return Opened(
        version=version,
        manifest=head,
        calibration=calibration,
        entries=parts.entries,
        intents={name: Reply(reply) for name, reply in intents.items()},
        targets=targets,
        owners=rows["target"].copy(),
        kinds=rows["kind"].copy(),
        handicaps=_handicaps(rows),
        is_intent=_marked(rows, "intent", len(targets)),
        is_refusal=_refusals(intents, targets),
        is_gap=_marked(rows, "gap", len(targets)),
        names=frozenset((lang, stem) for lang, stem in json.loads((folder / NAMES).read_text(encoding="utf-8"))),
        ballots=Ballots.of(rows["target"], rows["kind"], len(targets)) if parts.dense.exact else None,
        dense=parts.dense,
        cover=parts.cover,
        lexical=parts.lexical,
        passage=parts.passage,
    )


def _passage(folder: Path, row: int) -> str:
    with contextlib.suppress(FileNotFoundError), (folder / PASSAGES).open(encoding="utf-8") as file:
        for number, line in enumerate(file):
            if number == row:
                return str(json.loads(line)["text"])
    if not folder.is_dir():
        return ""
    raise IndexError(row)


def _marked(rows: NDArray[np.void], mark: str, targets: int) -> NDArray[np.bool_]:
    found = np.zeros(targets, bool)
    found[rows["target"][rows[mark] == 1]] = True
    return found


def _refusals(intents: dict[str, str], targets: Names) -> NDArray[np.bool_]:
    found = np.zeros(len(targets), bool)
    for number in range(len(targets) - len(intents), len(targets)):  # intents stand last
        found[number] = intents[targets[number][1:]] == Reply.REFUSAL
    return found


def _handicaps(rows: NDArray[np.void]) -> NDArray[np.float32]:
    """Gaps and intents have more example phrases than entries, and intents have them in more languages.

    A question is nearer to a phrase of its own language, whatever it asks, so that must not count for them.
    """
    questions = rows["kind"] == KINDS.index(Kind.QUESTION)
    intents, foreign = rows["intent"] == 1, rows["foreign"] == 1
    handicaps = np.where((rows["gap"] == 1) & questions, GAP_HANDICAP, 0.0)
    handicaps += np.where(intents, np.where(foreign, FOREIGN_HANDICAP, INTENT_HANDICAP), 0.0)
    return handicaps.astype(np.float32)
