"""A retrieval collection: passages, and questions that each name the one passage that answers them.

A folder holds ``passages.<lang>.jsonl`` (``id``, ``title``, ``text``) and ``questions.<lang>.jsonl`` (``id``,
``question``, ``passage``), one JSON object a line. Every question is asked of every file of passages.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from knowledge.errors import ContentError, GwError, Problem

FORM = "expected passages.<lang>.jsonl and questions.<lang>.jsonl"


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the id of its passage."""

    text: str
    passage: str


@dataclass(frozen=True, slots=True)
class Collection:
    """Passages by language and id, and questions by language."""

    passages: Mapping[str, Mapping[str, str]]
    questions: Mapping[str, tuple[Question, ...]]


def read_collection(folder: Path) -> Collection:
    """Read a folder.

    Raises:
        GwError: the folder or one of the two kinds of files is missing.
        ContentError: every line that is not of the form, by file and number.
    """
    if not folder.is_dir():
        raise GwError(f"There is no folder {folder}; {FORM} in it.")
    problems: list[Problem] = []
    passages = {lang: _passages(path, problems) for lang, path in _files(folder, "passages")}
    questions = {lang: _questions(path, passages, problems) for lang, path in _files(folder, "questions")}
    if problems:
        raise ContentError(problems)
    return Collection(passages, questions)


def _files(folder: Path, kind: str) -> list[tuple[str, Path]]:
    found = [(path.name.split(".")[1], path) for path in sorted(folder.glob(f"{kind}.*.jsonl"))]
    if not found:
        raise GwError(f"The folder {folder} holds no {kind}.<lang>.jsonl; {FORM}.")
    return found


def _passages(path: Path, problems: list[Problem]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line, fields in _lines(path, ("id", "text"), problems):
        if fields["id"] in found:
            problems.append(Problem(path, line, f"the id {fields['id']} stands here a second time"))
        found[fields["id"]] = fields["text"]
    return found


def _questions(
    path: Path, passages: Mapping[str, Mapping[str, str]], problems: list[Problem]
) -> tuple[Question, ...]:
    found = []
    for line, fields in _lines(path, ("id", "question", "passage"), problems):
        missing = [lang for lang, known in passages.items() if fields["passage"] not in known]
        if missing:
            problems.append(Problem(path, line, f"no passage {fields['passage']} in passages.{missing[0]}.jsonl"))
        found.append(Question(fields["question"], fields["passage"]))
    return tuple(found)


def _lines(path: Path, keys: tuple[str, ...], problems: list[Problem]) -> Iterator[tuple[int, dict[str, str]]]:
    """Numbered objects that hold every key as a text that is not empty; other lines become problems."""
    before = len(problems)
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
        wrong = [key for key in keys if not (isinstance(item, dict) and str(item.get(key) or "").strip())]
        if wrong:
            problems.append(Problem(path, number, f"expected an object with a text for {', '.join(keys)}"))
        else:
            yield number, {key: str(item[key]) for key in keys}
    if not count and len(problems) == before:
        problems.append(Problem(path, 0, "the file is empty"))
