"""Build an index into a new folder and switch to it atomically.

An index root holds one folder a version and the link ``current``. A build that fails leaves ``current`` alone.
Vectors of unchanged texts are taken from the version before.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index import cover, lexical, manifest, postings
from index.bare import bare, names
from index.decision import Calibration
from index.dense import Dense
from index.encoder import Encoder
from index.errors import IndexUnusable
from index.manifest import Manifest
from index.vote import KINDS
from knowledge.chunk import Kind, Passage, passages
from knowledge.entry import Entry, Layer
from knowledge.folder import Knowledge
from knowledge.intents import Intent
from knowledge.plain import plain

CURRENT = "current"
BATCH = 64
ASKED = (Kind.QUESTION, Kind.BARE)  # encoded as questions
ROW = np.dtype([("target", "<i4"), ("kind", "u1"), ("foreign", "u1"), ("key", "<u8", (2,))])
Progress = Callable[[int, int], None]  # (texts done, texts in all)


@dataclass(frozen=True, slots=True)
class Built:
    """The outcome of a build. ``embedded`` counts texts that had to be encoded anew."""

    folder: Path
    manifest: Manifest
    embedded: int


@dataclass(frozen=True, slots=True)
class _Plan:
    """Every text to embed, with the number of its target and its cache key."""

    targets: list[str]
    passages: list[Passage]
    rows: NDArray[np.void]


def build(
    knowledge: Knowledge,
    encoder: Encoder,
    calibration: Calibration,
    root: Path,
    progress: Progress | None = None,
) -> Built:
    """Index a knowledge folder under ``root``; afterwards ``root/current`` names the new version."""
    root.mkdir(parents=True, exist_ok=True)
    plan = _plan(knowledge)
    vectors, embedded = _vectors(plan, encoder, root, progress or (lambda done, total: None))
    with tempfile.TemporaryDirectory(dir=root, prefix=".new-") as name:
        fresh = Path(name) / "version"
        fresh.mkdir()
        written = _write(fresh, knowledge, plan, vectors, encoder, calibration)
        folder = root / f"v-{manifest.sha256(fresh / manifest.NAME)[:12]}"
        if folder.exists():  # the same content was built before; a damaged version is replaced
            shutil.rmtree(folder)
        fresh.rename(folder)
    _switch(root, folder)
    return Built(folder, written, embedded)


def _plan(knowledge: Knowledge) -> _Plan:
    found = [passage for entry in knowledge.entries for passage in passages(entry)]
    found += _bare(knowledge.entries, found)
    found += [passage for intent in knowledge.intents for passage in _phrases(intent)]
    targets = list(dict.fromkeys(passage.entry for passage in found))
    ours = {entry.lang for entry in knowledge.entries}
    numbers = {target: number for number, target in enumerate(targets)}
    rows = np.zeros(len(found), ROW)
    for row, passage in zip(rows, found, strict=True):
        row["target"], row["kind"] = numbers[passage.entry], KINDS.index(passage.kind)
        row["foreign"], row["key"] = passage.lang not in ours, _key(passage)
    return _Plan(targets, found, rows)


def _bare(entries: Sequence[Entry], found: Sequence[Passage]) -> list[Passage]:
    """The example questions of answering entries without its names, each once."""
    versions: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.layer is not Layer.GAP:
            versions.setdefault(entry.id, []).append(entry)
    known = {entry_id: names(found) for entry_id, found in versions.items()}
    questions = [passage for passage in found if passage.kind is Kind.QUESTION and passage.entry in known]
    texts = {(passage.entry, passage.lang, bare(passage.text, known[passage.entry])): None for passage in questions}
    return [
        Passage(f"{entry}/{lang}/{Kind.BARE}/{number}", entry, lang, Kind.BARE, text)
        for number, (entry, lang, text) in enumerate(texts)
    ]


def _phrases(intent: Intent) -> list[Passage]:
    target = f"@{intent.id}"
    return [
        Passage(f"{target}/{lang}/{Kind.QUESTION}/{number}", target, lang, Kind.QUESTION, text)
        for number, (lang, text) in enumerate(intent.phrases)
    ]


def _key(passage: Passage) -> NDArray[np.uint64]:
    side = "q" if passage.kind in ASKED else "p"
    digest = hashlib.blake2b(f"{side}:{passage.text}".encode("utf-8", "replace"), digest_size=16).digest()
    return np.frombuffer(digest, "<u8")


def _vectors(plan: _Plan, encoder: Encoder, root: Path, progress: Progress) -> tuple[NDArray[np.float32], int]:
    """One vector a row, shape (n, d); texts known from the version before are not encoded again."""
    vectors = np.zeros((len(plan.rows), encoder.dimension), np.float32)
    cache = _cached(root, encoder)
    keys = [row["key"].tobytes() for row in plan.rows]
    missing: dict[bytes, int] = {}
    for number, key in enumerate(keys):
        if key not in cache:
            missing.setdefault(key, number)
    todo = list(missing.values())
    for start in range(0, len(todo), BATCH):
        batch = todo[start : start + BATCH]
        vectors[batch] = _encode([plan.passages[number] for number in batch], encoder)
        progress(start + len(batch), len(todo))
    for number, key in enumerate(keys):
        vectors[number] = cache[key] if key in cache else vectors[missing[key]]
    return vectors, len(todo)


def _encode(batch: Sequence[Passage], encoder: Encoder) -> NDArray[np.float32]:
    vectors = np.zeros((len(batch), encoder.dimension), np.float32)
    for encode, wanted in ((encoder.encode_queries, True), (encoder.encode_passages, False)):
        chosen = [number for number, passage in enumerate(batch) if (passage.kind in ASKED) == wanted]
        if chosen:
            vectors[chosen] = encode([batch[number].text for number in chosen])
    return vectors


def _cached(root: Path, encoder: Encoder) -> dict[bytes, NDArray[np.float32]]:
    folder = root / CURRENT
    try:
        before = manifest.read(folder)
        if before.encoder_digest != encoder.digest:
            return {}
        manifest.verify(folder, before)
        rows = np.load(folder / "rows.npy")
        vectors = Dense.read(folder / "vectors.faiss").vectors()
    except (IndexUnusable, OSError, ValueError):
        return {}  # a damaged version before is no reason not to build anew
    return {row["key"].tobytes(): vector for row, vector in zip(rows, vectors, strict=True)}


def _write(
    folder: Path,
    knowledge: Knowledge,
    plan: _Plan,
    vectors: NDArray[np.float32],
    encoder: Encoder,
    calibration: Calibration,
) -> Manifest:
    Dense.of(vectors).write(folder / "vectors.faiss")
    np.save(folder / "rows.npy", plan.rows)
    lexical.write(folder / "words.db", _lexical_rows(knowledge.entries, plan.passages))
    numbers = {target: number for number, target in enumerate(plan.targets)}
    postings.write(folder, ((numbers[e.id], cover.tokens(_wording(e), [e.lang])) for e in knowledge.entries))
    _write_lines(folder / "entries.jsonl", [asdict(entry) for entry in knowledge.entries])
    intents = {intent.id: intent.reply for intent in knowledge.intents}
    _write_lines(folder / "passages.jsonl", [{"id": passage.id, "text": passage.text} for passage in plan.passages])
    (folder / "targets.json").write_text(
        json.dumps({"targets": plan.targets, "intents": intents}, ensure_ascii=False), encoding="utf-8"
    )
    files = {path.name: manifest.sha256(path) for path in sorted(folder.iterdir())}
    written = Manifest(
        encoder=encoder.name,
        encoder_digest=encoder.digest,
        content_digest=hashlib.sha256(
            "".join(files[name] for name in ("entries.jsonl", "passages.jsonl")).encode()
        ).hexdigest(),
        dimension=encoder.dimension,
        entries=len({entry.id for entry in knowledge.entries}),
        passages=len(plan.passages),
        languages=tuple(sorted({entry.lang for entry in knowledge.entries})),
        calibration=asdict(calibration),
        files=files,
    )
    written.write(folder)
    return written


def _wording(entry: Entry) -> str:
    return "\n".join((entry.title, plain(entry.body), *entry.questions))


def _lexical_rows(entries: Sequence[Entry], found: Sequence[Passage]) -> list[lexical.Row]:
    questions = {(entry.id, entry.lang): "\n".join(entry.questions) for entry in entries}
    return [
        (passage.entry, passage.lang, passage.text, questions[passage.entry, passage.lang])
        for passage in found
        if passage.kind is Kind.TEXT
    ]


def _write_lines(path: Path, items: Sequence[dict[str, object]]) -> None:
    with path.open("w", encoding="utf-8", errors="replace") as file:
        for item in items:
            file.write(json.dumps(item, ensure_ascii=False) + "\n")


def _switch(root: Path, folder: Path) -> None:
    """Point ``current`` at a version in one step, then remove all but it and the one before."""
    link = root / CURRENT
    before = link.resolve().name if link.is_symlink() else ""
    fresh = root / f".{CURRENT}-new"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(folder.name)
    os.replace(fresh, link)
    for version in root.glob("v-*"):
        if version.name not in (folder.name, before):
            shutil.rmtree(version, ignore_errors=True)
