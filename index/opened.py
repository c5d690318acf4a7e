"""An index folder opened for searching: everything a question needs, in memory or mapped."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index import manifest
from index.build import CURRENT
from index.cover import Cover
from index.decision import FEATURES, Calibration
from index.dense import Dense
from index.encoder import Encoder
from index.errors import IndexUnusable
from index.lexical import Lexical
from index.manifest import Manifest
from index.vote import KINDS, Ballot
from knowledge.chunk import Kind
from knowledge.entry import Entry, Layer
from knowledge.intents import Reply

GAP_HANDICAP, INTENT_HANDICAP, FOREIGN_HANDICAP = 0.015, 0.01, 0.03  # of a cosine; see docs/figures.md


@dataclass(frozen=True, slots=True)
class Opened:
    """One version of an index. Targets are entry ids, and intents as ``@<id>``."""

    folder: Path
    manifest: Manifest
    calibration: Calibration
    entries: dict[str, dict[str, Entry]]  # id -> language -> entry
    intents: dict[str, Reply]
    targets: tuple[str, ...]
    owners: NDArray[np.int32]  # row -> number of the target
    kinds: NDArray[np.uint8]  # row -> number of the kind
    is_intent: NDArray[np.bool_]  # by number of the target
    is_gap: NDArray[np.bool_]
    handicaps: NDArray[np.float32]  # row -> what is taken off its cosine
    ballot: Ballot
    dense: Dense
    cover: Cover
    lexical: Lexical

    def entry(self, entry_id: str, lang: str) -> Entry:
        """An entry in a language, or in the first language it has. Raises KeyError for an unknown id."""
        by_lang = self.entries[entry_id]
        return by_lang.get(lang) or next(iter(by_lang.values()))

    def passage(self, row: int) -> str:
        """The text behind one vector; read from disk, for explanations only."""
        with (self.folder / "passages.jsonl").open(encoding="utf-8") as file:
            for number, line in enumerate(file):
                if number == row:
                    return str(json.loads(line)["text"])
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
    if tuple(head.calibration.get("features", ())) != FEATURES:
        raise IndexUnusable(
            f"The index in {root} was made by another version of this program. Run: gwbot index build"
        )
    manifest.verify(folder, head)
    rows = np.load(folder / "rows.npy")
    names = json.loads((folder / "targets.json").read_text(encoding="utf-8"))
    entries, targets = _entries(folder / "entries.jsonl"), tuple(names["targets"])
    is_intent = np.array([name.startswith("@") for name in targets], bool)
    is_gap = np.array([not name.startswith("@") and _is_gap(entries[name]) for name in targets], bool)
    return Opened(
        folder=folder,
        manifest=head,
        calibration=Calibration(**head.calibration),
        entries=entries,
        intents={name: Reply(reply) for name, reply in names["intents"].items()},
        targets=targets,
        owners=rows["target"].copy(),
        kinds=rows["kind"].copy(),
        is_intent=is_intent,
        is_gap=is_gap,
        handicaps=_handicaps(rows, is_gap, is_intent),
        ballot=Ballot(rows["target"], rows["kind"], len(targets)),
        dense=Dense.read(folder / "vectors.faiss"),
        cover=Cover(folder, len(targets), head.languages),
        lexical=Lexical(folder / "words.db"),
    )


def _handicaps(
    rows: NDArray[np.void], is_gap: NDArray[np.bool_], is_intent: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Gaps and intents have more example phrases than entries, and intents have them in more languages.

    A question is nearer to a phrase of its own language, whatever it asks, so that must not count for them.
    """
    gaps, intents = is_gap[rows["target"]], is_intent[rows["target"]]
    questions = rows["kind"] == KINDS.index(Kind.QUESTION)
    handicaps = np.where(gaps & questions, GAP_HANDICAP, 0.0)
    handicaps += np.where(intents, np.where(rows["foreign"] == 1, FOREIGN_HANDICAP, INTENT_HANDICAP), 0.0)
    return handicaps.astype(np.float32)


def _is_gap(by_lang: dict[str, Entry]) -> bool:
    return any(entry.layer is Layer.GAP for entry in by_lang.values())


def _entries(path: Path) -> dict[str, dict[str, Entry]]:
    entries: dict[str, dict[str, Entry]] = {}
    with path.open(encoding="utf-8") as file:
        for line in file:
            data = json.loads(line)
            lists = {key: tuple(data[key]) for key in ("audience", "related", "questions")}
            entry = Entry(**{**data, **lists, "layer": Layer(data["layer"])})
            entries.setdefault(entry.id, {})[entry.lang] = entry
    return entries
