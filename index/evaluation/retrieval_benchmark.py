"""Measure retrieval alone on an external collection: the rank of the right passage for three methods.

A collection is a folder with ``passages.<lang>.jsonl`` (``id``, ``title``, ``text``) and ``questions.<lang>.jsonl``
(``id``, ``question``, ``passage``), one JSON object per line. Every question names the one passage that answers it,
and is run against every file of passages.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log2
from pathlib import Path

import numpy as np

from index.build.builder import IndexSource, build_index
from index.decision.calibration import load_calibration
from index.encoder.encoder import Encoder
from index.evaluation import bootstrap
from index.evaluation.bootstrap import Estimate
from index.search.searcher import Searcher
from index.storage.reader import open_index
from knowledge.errors import ContentError, GwError, Problem
from knowledge.loader import load_knowledge

RANKING_DEPTH = 10
BOT_METHOD = "ours"
EXPECTED_FILES = "expected passages.<lang>.jsonl and questions.<lang>.jsonl"
Ranker = Callable[[str], Sequence[str]]  # question -> passage ids, best first


@dataclass(frozen=True, slots=True)
class BenchmarkQuestion:
    """A question and the id of the passage that answers it."""

    text: str
    passage_id: str


@dataclass(frozen=True, slots=True)
class BenchmarkCollection:
    """Passages by language and id, and questions by language."""

    passages: Mapping[str, Mapping[str, str]]
    questions: Mapping[str, tuple[BenchmarkQuestion, ...]]


@dataclass(frozen=True, slots=True)
class RetrievalScore:
    """Scores (0 to 1) of one method on one file of questions; p50 and p95 are milliseconds per question."""

    passages: str
    questions: str
    method: str
    count: int
    hit_at_1: Estimate
    mrr_at_10: float
    ndcg_at_10: float
    p50: float
    p95: float


def read_collection(folder: Path) -> BenchmarkCollection:
    """Read a collection.

    Raises:
        GwError: the folder, or one of the two kinds of files, is missing.
        ContentError: lists every malformed line with its file and number.
    """
    if not folder.is_dir():
        raise GwError(f"There is no folder {folder}; {EXPECTED_FILES} in it.")
    problems: list[Problem] = []
    passages = {lang: _read_passages(path, problems) for lang, path in _find_files(folder, "passages")}
    questions = {lang: _read_questions(path, passages, problems) for lang, path in _find_files(folder, "questions")}
    if problems:
        raise ContentError(problems)
    return BenchmarkCollection(passages, questions)


def _find_files(folder: Path, kind: str) -> list[tuple[str, Path]]:
    files = [(path.name.split(".")[1], path) for path in sorted(folder.glob(f"{kind}.*.jsonl"))]
    if not files:
        raise GwError(f"The folder {folder} holds no {kind}.<lang>.jsonl; {EXPECTED_FILES}.")
    return files


def _read_passages(path: Path, problems: list[Problem]) -> dict[str, str]:
    texts_by_id: dict[str, str] = {}
    for line, fields in _read_lines(path, ("id", "text"), problems):
        if fields["id"] in texts_by_id:
            problems.append(Problem.of(path, line, "free", error=f"the id {fields['id']} is used a second time"))
        texts_by_id[fields["id"]] = fields["text"]
    return texts_by_id


def _read_questions(
    path: Path, passages: Mapping[str, Mapping[str, str]], problems: list[Problem]
) -> tuple[BenchmarkQuestion, ...]:
    questions = []
    for line, fields in _read_lines(path, ("id", "question", "passage"), problems):
        missing_langs = [lang for lang, texts_by_id in passages.items() if fields["passage"] not in texts_by_id]
        if missing_langs:
            message = f"no passage {fields['passage']} in passages.{missing_langs[0]}.jsonl"
            problems.append(Problem.of(path, line, "free", error=message))
        questions.append(BenchmarkQuestion(fields["question"], fields["passage"]))
    return tuple(questions)


def _read_lines(path: Path, keys: tuple[str, ...], problems: list[Problem]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line number and object for lines with a text for every key; other lines are added to ``problems``."""
    problems_before = len(problems)
    count = 0
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if not line.strip():
            continue
        count += 1
        try:
            item = json.loads(line)
        except ValueError as error:
            problems.append(Problem.of(path, number, "free", error=f"not JSON in UTF-8 ({error})"))
            continue
        missing_keys = [key for key in keys if not (isinstance(item, dict) and str(item.get(key) or "").strip())]
        if missing_keys:
            problems.append(
                Problem.of(path, number, "free", error=f"expected an object with a text for {', '.join(keys)}")
            )
        else:
            yield number, {key: str(item[key]) for key in keys}
    if not count and len(problems) == problems_before:
        problems.append(Problem.of(path, 0, "free", error="the file is empty"))


def measure_retrieval(collection: BenchmarkCollection, encoder: Encoder) -> list[RetrievalScore]:
    """Index each file of passages like a folder of Markdown files, and run all questions against it."""
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
    """Return the rank (from 1) of the relevant id among the first RANKING_DEPTH; None if it is not among them."""
    ranks = (rank for rank, found_id in enumerate(ranking[:RANKING_DEPTH], start=1) if found_id == relevant_id)
    return next(ranks, None)


def reciprocal_rank(rank: int | None) -> float:
    """Return 1 / rank; 0 if there is no rank."""
    return 1 / rank if rank else 0.0


def discounted_gain(rank: int | None) -> float:
    """Return nDCG@10 for one relevant passage (Järvelin and Kekäläinen, Cumulated Gain-Based Evaluation, 2002)."""
    return 1 / log2(1 + rank) if rank else 0.0


def _build_rankers(passages: Mapping[str, str], lang: str, encoder: Encoder, folder: Path) -> dict[str, Ranker]:
    searcher, ids_by_file = _build_searcher(passages, lang, encoder, folder)
    passage_vectors, passage_ids = encoder.encode_passages(list(passages.values())), list(passages)

    def rank_lexical(question: str) -> Sequence[str]:
        return [ids_by_file[entry] for entry, _ in searcher.reader.word_index.search_entries(question, RANKING_DEPTH)]

    def rank_dense(question: str) -> Sequence[str]:
        similarities = passage_vectors @ encoder.encode_queries([question], fast=True)[0]
        return [passage_ids[row] for row in np.argsort(-similarities)[:RANKING_DEPTH].tolist()]

    def rank_fused(question: str) -> Sequence[str]:
        return [ids_by_file[hit.target] for hit in searcher.rank_entries(question, RANKING_DEPTH)]

    return {"BM25 alone": rank_lexical, "dense, whole passages": rank_dense, BOT_METHOD: rank_fused}


def _build_searcher(
    passages: Mapping[str, str], lang: str, encoder: Encoder, folder: Path
) -> tuple[Searcher, dict[str, str]]:
    """Build a searcher over the passages as files; also returns the passage id of each file name."""
    ids_by_file = {f"{number:06}": passage for number, passage in enumerate(passages)}
    text_folder = folder / "texts"
    text_folder.mkdir()
    for name, passage in ids_by_file.items():
        # The line break keeps a passage that begins with '---' from being read as front matter.
        (text_folder / f"{name}.md").write_text(f"\n{passages[passage]}", encoding="utf-8", errors="replace")
    source = IndexSource(load_knowledge(text_folder, lang), encoder, load_calibration(with_examples=False))
    build_index(source, folder / "index")
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
