"""A retrieval collection: passages, and questions that each name the one passage that answers them.

A folder holds ``passages.<lang>.jsonl`` (``id``, ``title``, ``text``) and ``questions.<lang>.jsonl`` (``id``,
``question``, ``passage``), one JSON object a line. Every question is asked of every file of passages.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from knowledge.errors import ContentError, GwError, Problem

EXPECTED_FILES = "expected passages.<lang>.jsonl and questions.<lang>.jsonl"


@dataclass(frozen=True, slots=True)
class BenchmarkQuestion:
    """A question and the id of its passage."""

    text: str
    passage_id: str


@dataclass(frozen=True, slots=True)
class BenchmarkCollection:
    """Passages by language and id, and questions by language."""

    passages: Mapping[str, Mapping[str, str]]
    questions: Mapping[str, tuple[BenchmarkQuestion, ...]]


def read_collection(folder: Path) -> BenchmarkCollection:
    """Read a folder.

    Raises:
        GwError: the folder or one of the two kinds of files is missing.
        ContentError: every line that is not of the form, by file and number.
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
            problems.append(Problem(path, line, f"the id {fields['id']} stands here a second time"))
        texts_by_id[fields["id"]] = fields["text"]
    return texts_by_id


def _read_questions(
    path: Path, passages: Mapping[str, Mapping[str, str]], problems: list[Problem]
) -> tuple[BenchmarkQuestion, ...]:
    questions = []
    for line, fields in _read_lines(path, ("id", "question", "passage"), problems):
        missing_langs = [lang for lang, texts_by_id in passages.items() if fields["passage"] not in texts_by_id]
        if missing_langs:
            problems.append(
                Problem(path, line, f"no passage {fields['passage']} in passages.{missing_langs[0]}.jsonl")
            )
        questions.append(BenchmarkQuestion(fields["question"], fields["passage"]))
    return tuple(questions)


def _read_lines(path: Path, keys: tuple[str, ...], problems: list[Problem]) -> Iterator[tuple[int, dict[str, str]]]:
    """Numbered objects that hold every key as a text that is not empty; other lines become problems."""
    problems_before = len(problems)
    count = 0
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if not line.strip():
            continue
        count += 1
        try:
            item = json.loads(line)
        except ValueError as error:
            problems.append(Problem(path, number, f"not JSON in UTF-8 ({error})"))
            continue
        missing_keys = [key for key in keys if not (isinstance(item, dict) and str(item.get(key) or "").strip())]
        if missing_keys:
            problems.append(Problem(path, number, f"expected an object with a text for {', '.join(keys)}"))
        else:
            yield number, {key: str(item[key]) for key in keys}
    if not count and len(problems) == problems_before:
        problems.append(Problem(path, 0, "the file is empty"))
