"""Retrieval alone on an external collection: figures calculated by hand, strict reading, and a small real run."""

import json
from collections.abc import Mapping, Sequence
from math import log2
from pathlib import Path

import pytest

from index.encoder.encoder import OnnxEncoder
from index.evaluation.retrieval_benchmark import (
    discounted_gain,
    find_rank,
    measure_retrieval,
    read_collection,
    reciprocal_rank,
)
from knowledge.errors import ContentError, GwError

PASSAGES = [
    {"id": "haus/1", "title": "Ruhe", "text": "Nach 22 Uhr bitte leise sein. Musik nur in Zimmerlautstärke."},
    {"id": "haus/2", "title": "Müll", "text": "---\nPapier kommt in die blaue Tonne, Glas in den Container."},
    {"id": "haus/3", "title": "Hund", "text": "Hunde sind im Haus willkommen. Im Hof gehen sie an der Leine."},
]
QUESTIONS = [
    {"id": "1", "question": "Wohin mit den alten Zeitungen?", "passage": "haus/2"},
    {"id": "2", "question": "Muss mein Hund an die Leine?", "passage": "haus/3"},
]


def write_collection(
    folder: Path, passages: Sequence[Mapping[str, str]], questions: Sequence[Mapping[str, str]]
) -> Path:
    for name, items in (("passages.de.jsonl", passages), ("questions.de.jsonl", questions)):
        lines = (json.dumps(item, ensure_ascii=False) + "\n" for item in items)
        (folder / name).write_text("".join(lines), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("ranked", "expected", "reciprocal", "gain"),
    [
        (["a", "b", "c"], 1, 1.0, 1.0),
        (["b", "a", "c"], 2, 0.5, 1 / log2(3)),
        (["b", "c", "a"], 3, 1 / 3, 0.5),
        (["b", "c"], None, 0.0, 0.0),
        ([*"bcdefghijk", "a"], None, 0.0, 0.0),
    ],
)
def test_figures_of_one_question(ranked: Sequence[str], expected: int | None, reciprocal: float, gain: float) -> None:
    """A question's one right passage counts by its rank among the first ten."""
    rank = find_rank(ranked, "a")

    assert rank == expected
    assert (reciprocal_rank(rank), discounted_gain(rank)) == (reciprocal, gain)


def test_small_collection(tmp_path: Path, encoder: OnnxEncoder) -> None:
    """Every ranking method is measured; ids need not be file names, and texts may contain Markdown."""
    scores = measure_retrieval(read_collection(write_collection(tmp_path, PASSAGES, QUESTIONS)), encoder)
    scores_by_method = {score.method: score for score in scores}

    assert list(scores_by_method) == ["BM25 alone", "dense, whole passages", "ours"]
    assert (
        scores_by_method["ours"].passages,
        scores_by_method["ours"].questions,
        scores_by_method["ours"].count,
    ) == ("de", "de", 2)
    assert (
        scores_by_method["ours"].hit_at_1.value,
        scores_by_method["ours"].mrr_at_10,
        scores_by_method["ours"].ndcg_at_10,
    ) == (1.0, 1.0, 1.0)
    assert scores_by_method["BM25 alone"].hit_at_1.value == 0.5  # no word of the first question is in its passage
    assert 0 < scores_by_method["ours"].p50 <= scores_by_method["ours"].p95


@pytest.mark.parametrize(
    ("name", "line", "text", "message"),
    [
        ("questions.de.jsonl", 2, '{"id": "9", "question": "Wo?", "passage": "haus/9"}', "no passage haus/9"),
        ("questions.de.jsonl", 2, '{"id": "9", "question": "", "passage": "haus/1"}', "id, question, passage"),
        ("passages.de.jsonl", 2, "{kaputt", "not JSON"),
        ("passages.de.jsonl", 2, '["haus/2"]', "expected an object"),
        ("passages.de.jsonl", 4, '{"id": "haus/1", "text": "Doppelt."}', "a second time"),
    ],
)
def test_malformed_line(tmp_path: Path, name: str, line: int, text: str, message: str) -> None:
    """A malformed line is reported with its file and number."""
    path = write_collection(tmp_path, PASSAGES, QUESTIONS) / name
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([*lines[: line - 1], text, *lines[line:]]), "utf-8")

    with pytest.raises(ContentError, match=message) as caught:
        read_collection(tmp_path)

    assert f"{path}:{line}: " in str(caught.value)


def test_line_that_is_not_utf8(tmp_path: Path) -> None:
    """A line that is not UTF-8 is reported in the same way."""
    path = write_collection(tmp_path, PASSAGES, QUESTIONS) / "questions.de.jsonl"
    path.write_bytes(b'{"id": "1", "question": "\xff", "passage": "haus/1"}\n')

    with pytest.raises(ContentError, match=r"questions\.de\.jsonl:1: not JSON in UTF-8"):
        read_collection(tmp_path)


def test_missing_files(tmp_path: Path) -> None:
    """The errors about missing passages or questions and an empty file say what is expected."""
    with pytest.raises(GwError, match=r"holds no passages\.<lang>\.jsonl"):
        read_collection(tmp_path)
    with pytest.raises(GwError, match="There is no folder"):
        read_collection(tmp_path / "nichts")
    with pytest.raises(GwError, match=r"questions\.de\.jsonl: the file is empty"):
        read_collection(write_collection(tmp_path, PASSAGES, []))
