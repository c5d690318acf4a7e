"""Retrieval alone on a foreign collection: how high the right passage stands, for three ways of ranking."""

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log2
from pathlib import Path

import numpy as np

from index.build.builder import build
from index.decision.calibration import calibration_for
from index.encoder.encoder import Encoder
from index.evaluation import bootstrap
from index.evaluation.bootstrap import Estimate
from index.evaluation.collection import Collection, Question
from index.search.searcher import Searcher
from index.storage.reader import open_index
from knowledge.loader import load

DEPTH = 10
OURS = "ours"
Ranker = Callable[[str], Sequence[str]]  # question -> passage ids, best first


@dataclass(frozen=True, slots=True)
class Score:
    """Figures of one way of ranking over one file of questions, 0 to 1; durations in milliseconds a question."""

    passages: str
    questions: str
    method: str
    count: int
    hit_at_1: Estimate
    mrr_at_10: float
    ndcg_at_10: float
    p50: float
    p95: float


def measure(collection: Collection, encoder: Encoder) -> list[Score]:
    """Index the passages in a temporary folder, as any folder of Markdown files, and ask all questions."""
    found = []
    for lang, passages in collection.passages.items():
        with tempfile.TemporaryDirectory() as folder:
            ways = _rankers(passages, lang, encoder, Path(folder))
            found += [
                _score(lang, asked, method, rank, questions)
                for asked, questions in collection.questions.items()
                for method, rank in ways.items()
            ]
    return found


def place(ranked: Sequence[str], right: str) -> int | None:
    """The place, from 1, of the right one among the first ten; None where it is not there."""
    return next((number for number, found in enumerate(ranked[:DEPTH], start=1) if found == right), None)


def reciprocal_rank(place: int | None) -> float:
    """1 over the place; 0 beyond the first ten."""
    return 1 / place if place else 0.0


def discounted_gain(place: int | None) -> float:
    """nDCG@10 of one question with a single right passage."""
    return 1 / log2(1 + place) if place else 0.0


def _rankers(passages: Mapping[str, str], lang: str, encoder: Encoder, folder: Path) -> dict[str, Ranker]:
    searcher, ids = _searcher(passages, lang, encoder, folder)
    whole, keys = encoder.encode_passages(list(passages.values())), list(passages)

    def lexical(question: str) -> Sequence[str]:
        return [ids[entry] for entry, _ in searcher.opened.lexical.search(question, DEPTH)]

    def dense(question: str) -> Sequence[str]:
        similarities = whole @ encoder.encode_asked([question])[0]
        return [keys[row] for row in np.argsort(-similarities)[:DEPTH].tolist()]

    def ours(question: str) -> Sequence[str]:
        return [ids[hit.target] for hit in searcher.rank(question, DEPTH)]

    return {"BM25 alone": lexical, "dense, whole passages": dense, OURS: ours}


def _searcher(
    passages: Mapping[str, str], lang: str, encoder: Encoder, folder: Path
) -> tuple[Searcher, dict[str, str]]:
    """A searcher over the passages as files, and the passage id of each file; ids need not be file names."""
    ids = {f"{number:06}": passage for number, passage in enumerate(passages)}
    texts = folder / "texts"
    texts.mkdir()
    for name, passage in ids.items():
        # The line break keeps a passage that begins with '---' from being read as front matter.
        (texts / f"{name}.md").write_text(f"\n{passages[passage]}", encoding="utf-8", errors="replace")
    build(load(texts, lang), encoder, calibration_for(labelled=False), folder / "index")
    return Searcher(open_index(folder / "index", encoder), encoder), ids


def _score(passages: str, lang: str, method: str, rank: Ranker, questions: Sequence[Question]) -> Score:
    places, durations = [], []
    for question in questions:
        start = time.perf_counter()
        ranked = rank(question.text)
        durations.append((time.perf_counter() - start) * 1000)
        places.append(place(ranked, question.passage))
    p50, p95 = np.percentile(durations, (50, 95))
    return Score(
        passages=passages,
        questions=lang,
        method=method,
        count=len(questions),
        hit_at_1=bootstrap.mean([found == 1 for found in places]),
        mrr_at_10=float(np.mean([reciprocal_rank(found) for found in places])),
        ndcg_at_10=float(np.mean([discounted_gain(found) for found in places])),
        p50=float(p50),
        p95=float(p95),
    )
