"""Retrieval alone on a foreign collection: how high the right passage stands, for three ways of ranking."""

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log2
from pathlib import Path

import numpy as np

from index.build.builder import IndexSource, build_index
from index.decision.calibration import load_calibration
from index.encoder.encoder import Encoder
from index.evaluation import bootstrap
from index.evaluation.bootstrap import Estimate
from index.evaluation.collection import BenchmarkCollection, BenchmarkQuestion
from index.search.searcher import Searcher
from index.storage.reader import open_index
from knowledge.loader import load_knowledge

RANKING_DEPTH = 10
BOT_METHOD = "ours"
Ranker = Callable[[str], Sequence[str]]  # question -> passage ids, best first


@dataclass(frozen=True, slots=True)
class RetrievalScore:
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


def measure_retrieval(collection: BenchmarkCollection, encoder: Encoder) -> list[RetrievalScore]:
    """Index the passages in a temporary folder, as any folder of Markdown files, and ask all questions."""
    scores = []
    for lang, passages in collection.passages.items():
        with tempfile.TemporaryDirectory() as folder:
            rankers = _build_rankers(passages, lang, encoder, Path(folder))
            scores += [
                _score_ranker(lang, question_lang, method, ranker, questions)
                for question_lang, questions in collection.questions.items()
                for method, ranker in rankers.items()
            ]
    return scores


def find_rank(ranking: Sequence[str], relevant_id: str) -> int | None:
    """The place, from 1, of the right one among the first ten; None where it is not there."""
    return next(
        (rank for rank, passage_id in enumerate(ranking[:RANKING_DEPTH], start=1) if passage_id == relevant_id), None
    )


def reciprocal_rank(rank: int | None) -> float:
    """1 over the place; 0 beyond the first ten."""
    return 1 / rank if rank else 0.0


def discounted_gain(rank: int | None) -> float:
    """nDCG@10 of one question with a single right passage."""
    return 1 / log2(1 + rank) if rank else 0.0


def _build_rankers(passages: Mapping[str, str], lang: str, encoder: Encoder, folder: Path) -> dict[str, Ranker]:
    searcher, ids_by_file = _build_searcher(passages, lang, encoder, folder)
    passage_vectors, passage_ids = encoder.encode_passages(list(passages.values())), list(passages)

    def rank_lexical(question: str) -> Sequence[str]:
        return [ids_by_file[entry] for entry, _ in searcher.reader.word_index.search_entries(question, RANKING_DEPTH)]

    def rank_dense(question: str) -> Sequence[str]:
        similarities = passage_vectors @ encoder.encode_queries_fast([question])[0]
        return [passage_ids[row] for row in np.argsort(-similarities)[:RANKING_DEPTH].tolist()]

    def rank_fused(question: str) -> Sequence[str]:
        return [ids_by_file[hit.target] for hit in searcher.rank_entries(question, RANKING_DEPTH)]

    return {"BM25 alone": rank_lexical, "dense, whole passages": rank_dense, BOT_METHOD: rank_fused}


def _build_searcher(
    passages: Mapping[str, str], lang: str, encoder: Encoder, folder: Path
) -> tuple[Searcher, dict[str, str]]:
    """A searcher over the passages as files, and the passage id of each file; ids need not be file names."""
    ids_by_file = {f"{number:06}": passage for number, passage in enumerate(passages)}
    text_folder = folder / "texts"
    text_folder.mkdir()
    for name, passage in ids_by_file.items():
        # The line break keeps a passage that begins with '---' from being read as front matter.
        (text_folder / f"{name}.md").write_text(f"\n{passages[passage]}", encoding="utf-8", errors="replace")
    build_index(
        IndexSource(load_knowledge(text_folder, lang), encoder, load_calibration(with_examples=False)),
        folder / "index",
    )
    return Searcher(open_index(folder / "index", encoder), encoder), ids_by_file


def _score_ranker(
    passages: str, question_lang: str, method: str, ranker: Ranker, questions: Sequence[BenchmarkQuestion]
) -> RetrievalScore:
    ranks, durations = [], []
    for question in questions:
        start = time.perf_counter()
        ranking = ranker(question.text)
        durations.append((time.perf_counter() - start) * 1000)
        ranks.append(find_rank(ranking, question.passage_id))
    p50, p95 = np.percentile(durations, (50, 95))
    return RetrievalScore(
        passages=passages,
        questions=question_lang,
        method=method,
        count=len(questions),
        hit_at_1=bootstrap.estimate_mean([position == 1 for position in ranks]),
        mrr_at_10=float(np.mean([reciprocal_rank(position) for position in ranks])),
        ndcg_at_10=float(np.mean([discounted_gain(position) for position in ranks])),
        p50=float(p50),
        p95=float(p95),
    )
