"""An index folder opened for searching: everything a question needs, in memory or mapped."""

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index import manifest
from index.bare import NAMES, ProperNames
from index.build import CURRENT
from index.cover import Cover
from index.decision import Calibration, calibration_from
from index.dense import CLUSTERS, FLOATS, Dense
from index.encoder import Encoder
from index.entries import Entries, Names
from index.errors import IndexUnusable
from index.lexical import Lexical
from index.manifest import Manifest
from index.nearest import Nearest
from index.scan import PASSAGES
from index.vote import KINDS, Ballot
from knowledge.chunk import Kind
from knowledge.entry import Entry
from knowledge.intents import Reply

GAP_HANDICAP, INTENT_HANDICAP, FOREIGN_HANDICAP = 0.015, 0.005, 0.03  # of a cosine; see docs/figures.md


@dataclass(frozen=True, slots=True)
class Opened:
    """One version of an index. Targets are entry ids, and intents as ``@<id>``."""

    folder: Path
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
    ballot: Ballot | None  # None where there are too many vectors to compare them all
    dense: Nearest
    cover: Cover
    lexical: Lexical

    def entry(self, entry_id: str, lang: str) -> Entry:
        """An entry in a language, or in the first language it has. Raises KeyError for an unknown id."""
        by_lang = self.entries[entry_id]
        return by_lang.get(lang) or next(iter(by_lang.values()))

    def searched(self, entry_id: str) -> tuple[Entry, ...]:
        """An entry in each language that is searched in. Raises KeyError for an unknown id."""
        return tuple(entry for entry in self.entries[entry_id].values() if entry.lang in self.manifest.languages)

    def passage(self, row: int) -> str:
        """The text behind one vector; read from disk, for explanations only; "" where the folder is gone."""
        with contextlib.suppress(FileNotFoundError), (self.folder / PASSAGES).open(encoding="utf-8") as file:
            for number, line in enumerate(file):
                if number == row:
                    return str(json.loads(line)["text"])
        if not self.folder.is_dir():
            return ""
        raise IndexError(row)


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
    if head.encoder_digest != encoder.digest:
        raise IndexUnusable(
            f"The index in {root} was made with the encoder {head.encoder}, which is not the one now installed "
            f"({encoder.name}). Run: gwbot index build"
        )
    try:
        calibration = calibration_from(head.calibration)
    except (KeyError, TypeError):
        raise IndexUnusable(
            f"The index in {root} was made by another version of this program. Run: gwbot index build"
        ) from None
    # The floats behind clusters are for the next build only: most of the bytes, and not read for a question.
    manifest.verify(folder, head, without=FLOATS if CLUSTERS in head.files else "")
    try:
        return _opened(folder, head, calibration)
    except (OSError, ValueError, TypeError, LookupError, EOFError, AttributeError, RecursionError) as error:
        what = type(error).__name__
        raise IndexUnusable(f"The index in {folder} is damaged ({what}). Run: gwbot index build") from None


def _opened(folder: Path, head: Manifest, calibration: Calibration) -> Opened:
    rows = np.load(folder / "rows.npy")
    intents = json.loads((folder / "intents.json").read_text(encoding="utf-8"))
    targets, vectors = Names(folder), Dense.open(folder)
    return Opened(
        folder=folder,
        manifest=head,
        calibration=calibration,
        entries=Entries(folder),
        intents={name: Reply(reply) for name, reply in intents.items()},
        targets=targets,
        owners=rows["target"].copy(),
        kinds=rows["kind"].copy(),
        handicaps=_handicaps(rows),
        is_intent=_marked(rows, "intent", len(targets)),
        is_refusal=_refusals(intents, targets),
        is_gap=_marked(rows, "gap", len(targets)),
        names=frozenset((lang, stem) for lang, stem in json.loads((folder / NAMES).read_text(encoding="utf-8"))),
        ballot=Ballot(rows["target"], rows["kind"], len(targets)) if vectors.exact else None,
        dense=vectors,
        cover=Cover(folder, len(targets), head.languages),
        lexical=Lexical(folder / "words.db"),
    )


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
