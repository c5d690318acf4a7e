"""An index version opened for searching: what a query needs, in memory, mapped, or behind a connection."""

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.decision.calibration import Calibration, parse_calibration
from index.decision.target_classifier import TargetClassifier
from index.decision.wording_classifier import WordingClassifier
from index.encoder.encoder import Encoder, EncoderIdentity
from index.errors import REBUILD_HINT, IndexUnusable
from index.storage import layout, manifest
from index.storage.bm25 import Bm25Index
from index.storage.entry_store import EntryStore, TargetNames, read_passage_text
from index.storage.group_scorer import GroupScorers
from index.storage.manifest import Manifest
from index.storage.term_overlap import TermOverlapIndex
from index.storage.vector_index import open_vector_index
from index.text.proper_names import ProperNames
from knowledge.passages import KINDS, PassageKind
from knowledge.records.entry import Entry
from knowledge.records.intents import ReplyKind

GAP_PENALTY, INTENT_PENALTY, FOREIGN_LANGUAGE_PENALTY = 0.015, 0.005, 0.03  # of a cosine; see docs/figures.md


class VectorIndex(Protocol):
    """Nearest-neighbour search over L2-normalised vectors, shape (rows, d).

    ``is_exact`` is true if a query is compared with every vector.
    """

    is_exact: bool

    def __len__(self) -> int: ...

    def compute_similarities(self, queries: NDArray[np.float32], rows: slice = slice(None)) -> NDArray[np.float32]:
        """Return the cosines (n, rows) of ``queries``, shape (n, d), with these rows; only if ``is_exact``."""
        ...

    def find_nearest(self, query: NDArray[np.float32], limit: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the rows and cosines of at most ``limit`` nearest vectors to ``query`` (shape (d,)), best first."""
        ...


class WordIndex(Protocol):
    """Lexical search over the words of the entries."""

    def search_entries(self, question: str, limit: int) -> list[tuple[str, float]]:
        """Return at most ``limit`` different entry ids with their score (> 0), best first."""
        ...

    def vocabulary_coverage(self, question: str) -> float:
        """Return the share (0 to 1) of a question's words that are known in the best matching indexed language."""
        ...


@dataclass(frozen=True, slots=True)
class IndexReader:
    """One version of an index, named as its backend names it. See storage/layout.py for rows and targets."""

    version: str
    manifest: Manifest
    calibration: Calibration
    entries: EntryStore  # id -> language -> entry
    intent_replies: dict[str, ReplyKind]
    target_names: TargetNames
    row_targets: NDArray[np.int32]  # (rows,) number of the target
    row_kinds: NDArray[np.uint8]  # (rows,) position in KINDS
    row_penalties: NDArray[np.float32]  # (rows,) subtracted from the cosine
    is_intent: NDArray[np.bool_]  # (targets,)
    is_refusal: NDArray[np.bool_]  # (targets,) intents that are answered with a refusal
    is_request: NDArray[np.bool_]  # (targets,) intents to speak to a human
    is_gap: NDArray[np.bool_]  # (targets,)
    target_classifier: TargetClassifier
    wording_classifier: WordingClassifier
    proper_names: ProperNames  # masked when a question is encoded a second time
    group_scorers: GroupScorers | None  # None if the vectors are not searched exactly
    vector_index: VectorIndex
    term_overlap_index: TermOverlapIndex
    word_index: WordIndex
    read_passage: Callable[[int], str]  # the text of a row, for explanations only; "" if the version was removed

    def get_entry(self, entry_id: str, lang: str) -> Entry:
        """Return an entry in ``lang``, or else in its first language; raises KeyError for an unknown id."""
        by_lang = self.entries[entry_id]
        return by_lang.get(lang) or next(iter(by_lang.values()))

    def searchable_entries(self, entry_id: str) -> tuple[Entry, ...]:
        """Return an entry in each searched language; raises KeyError for an unknown id."""
        return tuple(entry for entry in self.entries[entry_id].values() if entry.lang in self.manifest.languages)


@dataclass(frozen=True, slots=True)
class IndexComponents:
    """The parts of an index that each backend opens in its own way."""

    entries: EntryStore
    vector_index: VectorIndex
    term_overlap_index: TermOverlapIndex
    word_index: WordIndex
    read_passage: Callable[[int], str]


def current_folder(root: Path) -> Path:
    """Return the folder of the current version; raises IndexUnusable if nothing has been built yet."""
    folder = (root / layout.CURRENT_LINK).resolve()
    if not folder.is_dir():
        raise IndexUnusable(f"There is no index in {root}. {REBUILD_HINT}")
    return folder


def open_index(root: Path, encoder: Encoder) -> IndexReader:
    """Open the current version, verified against its hashes and against the encoder.

    Raises:
        IndexUnusable: it is missing, damaged, or built with another encoder.
    """
    folder = current_folder(root)
    index_manifest = manifest.read_manifest(folder)
    calibration = check_compatible(index_manifest, encoder, str(root))
    # With clusters, the floats (most of the bytes) are only read by the next build.
    with translate_read_errors(str(folder)):
        skipped_file = layout.VECTORS_FILE if layout.CLUSTERS_FILE in index_manifest.files else ""
        manifest.verify_files(folder, index_manifest, skipped_file)
        target_count = len(TargetNames(folder))
        components = IndexComponents(
            entries=EntryStore.open_folder(folder),
            vector_index=open_vector_index(folder),
            term_overlap_index=TermOverlapIndex.open_folder(folder, target_count, index_manifest.languages),
            word_index=Bm25Index(folder / layout.WORDS_FILE),
            read_passage=partial(read_passage_text, folder),
        )
        return assemble_reader(str(folder), folder, index_manifest, calibration, components)


def check_compatible(index_manifest: Manifest, encoder: EncoderIdentity, location: str) -> Calibration:
    """Return the calibration of an index; raises IndexUnusable if another encoder or program version built it."""
    if index_manifest.encoder_digest != encoder.digest:
        raise IndexUnusable(
            f"The index in {location} was made with the encoder {index_manifest.encoder}, which is not the one "
            f"now installed ({encoder.name}). {REBUILD_HINT}"
        )
    try:
        return parse_calibration(index_manifest.calibration)
    except (KeyError, TypeError):
        message = f"The index in {location} was made by another version of this program. {REBUILD_HINT}"
        raise IndexUnusable(message) from None


@contextlib.contextmanager
def translate_read_errors(location: str) -> Iterator[None]:
    """Translate every error that damaged or unreadable files cause into IndexUnusable."""
    try:
        yield
    except OSError as error:
        raise manifest.unreadable_error(location, error) from None
    except (ValueError, TypeError, LookupError, EOFError, AttributeError, RecursionError) as error:
        error_name = type(error).__name__
        raise IndexUnusable(f"The index in {location} is damaged ({error_name}). {REBUILD_HINT}") from None


def assemble_reader(
    version: str, folder: Path, index_manifest: Manifest, calibration: Calibration, components: IndexComponents
) -> IndexReader:
    """Combine the components with the small files of an index folder, which are read here."""
    rows = np.load(folder / layout.ROWS_FILE)
    intents = json.loads((folder / layout.INTENTS_FILE).read_text(encoding="utf-8"))
    names = json.loads((folder / layout.NAMES_FILE).read_text(encoding="utf-8"))
    targets = TargetNames(folder)
    with np.load(folder / layout.CLASSIFIER_FILE) as stored:
        target_classifier = TargetClassifier(stored["weights"])
    known_targets, rarity = (np.load(folder / name) for name in layout.WORDING_FILES[:2])
    log_probabilities = np.load(folder / layout.WORDING_FILES[2], mmap_mode="r")
    exact = components.vector_index.is_exact
    return IndexReader(
        version=version,
        manifest=index_manifest,
        calibration=calibration,
        entries=components.entries,
        intent_replies={name: ReplyKind(reply) for name, reply in intents.items()},
        target_names=targets,
        row_targets=rows["target"].copy(),
        row_kinds=rows["kind"].copy(),
        row_penalties=_compute_penalties(rows),
        is_intent=_flag_targets(rows, "intent", len(targets)),
        is_refusal=_flag_intents(intents, targets, ReplyKind.REFUSAL),
        is_request=_flag_intents(intents, targets, ReplyKind.CONSULTATION),
        is_gap=_flag_targets(rows, "gap", len(targets)),
        target_classifier=target_classifier,
        wording_classifier=WordingClassifier(known_targets, rarity, log_probabilities, len(targets)),
        proper_names=frozenset((lang, stem) for lang, stem in names),
        group_scorers=GroupScorers.from_rows(rows["target"], rows["kind"], len(targets)) if exact else None,
        vector_index=components.vector_index,
        term_overlap_index=components.term_overlap_index,
        word_index=components.word_index,
        read_passage=components.read_passage,
    )


def _flag_targets(rows: NDArray[np.void], flag: str, target_count: int) -> NDArray[np.bool_]:
    mask = np.zeros(target_count, bool)
    mask[rows["target"][rows[flag] == 1]] = True
    return mask


def _flag_intents(intents: dict[str, str], targets: TargetNames, reply: ReplyKind) -> NDArray[np.bool_]:
    mask = np.zeros(len(targets), bool)
    for number in range(len(targets) - len(intents), len(targets)):  # intents come last
        mask[number] = intents[targets[number][1:]] == reply
    return mask


def _compute_penalties(rows: NDArray[np.void]) -> NDArray[np.float32]:
    """Penalise the example phrases of gaps and intents, which have more of them than entries.

    Intents also have phrases in more languages; since any question is most similar to phrases in its own language,
    phrases in a language without entries are penalised most.
    """
    questions = rows["kind"] == KINDS.index(PassageKind.QUESTION)
    intents, other_language = rows["intent"] == 1, rows["foreign"] == 1
    penalties = np.where((rows["gap"] == 1) & questions, GAP_PENALTY, 0.0)
    penalties += np.where(intents, np.where(other_language, FOREIGN_LANGUAGE_PENALTY, INTENT_PENALTY), 0.0)
    return penalties.astype(np.float32)
