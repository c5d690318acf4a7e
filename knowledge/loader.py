"""Read a knowledge folder: one with the built-in layout, or any folder of Markdown files.

The built-in layout has ``content/<lang>/*.md``, ``contacts.yaml``, ``crisis.yaml``, ``intents/*.yaml``,
``intro/<lang>/*.md``, ``questions/<lang>.yaml`` and ``selfcheck/<lang>.yaml`` and is read strictly; missing contacts,
intents or wordings of crises are taken from the built-in knowledge. In any other folder every ``*.md`` is an entry;
its id is its path without the suffix, front matter is optional, and unknown keys are ignored.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from knowledge.errors import ContentError, GwError, Problem
from knowledge.records.contacts import CONTACTS_FILE, Contact, read_contacts
from knowledge.records.crisis_signs import CRISIS_FILE, CrisisSigns, read_crisis_signs
from knowledge.records.entry import QUESTIONS_FOLDER, Entry, ExampleQuestions, read_entry, read_example_questions
from knowledge.records.intents import Intent, read_intents
from knowledge.records.intro import IntroStep, read_steps
from knowledge.records.selfcheck import SELFCHECK_FOLDER, SelfCheck, read_selfchecks

BUILT_IN = Path(__file__).parent
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Everything read from one knowledge folder; ``entries`` can be iterated several times."""

    folder: Path
    entries: Iterable[Entry]
    intents: tuple[Intent, ...] = ()
    contacts: tuple[Contact, ...] = ()
    steps: tuple[IntroStep, ...] = ()
    selfchecks: tuple[SelfCheck, ...] = ()
    example_questions: tuple[ExampleQuestions, ...] = ()
    crisis_signs: Mapping[str, CrisisSigns] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LazyEntries:
    """The entries of a folder, read one by one.

    Iteration continues after a file that cannot be used, and ends with a ContentError naming all problems.
    """

    folder: Path
    lang: str

    def __iter__(self) -> Iterator[Entry]:
        problems: list[Problem] = []
        strict = has_builtin_layout(self.folder)
        for path, entry_id, lang in _list_entry_files(self.folder, self.lang):
            if problem := _find_file_problem(path, entry_id, self.folder):
                problems.append(problem)
                continue
            try:
                yield read_entry(path, entry_id, lang, strict=strict)
            except ContentError as error:
                problems += error.problems
        if problems:
            raise ContentError(problems)


def _find_file_problem(path: Path, entry_id: str, folder: Path) -> Problem | None:
    """Return why a file cannot be an entry: it is outside the folder, or named like an intent."""
    if _points_outside(path, folder):
        return Problem.of(path, 0, "outside_link")
    if entry_id.startswith("@"):
        return Problem.of(path, 0, "at_name")
    return None


def _points_outside(path: Path, folder: Path) -> bool:
    # Path.resolve() raises for a link to itself.
    return not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def has_builtin_layout(folder: Path) -> bool:
    """Return whether a folder has the built-in layout."""
    return (folder / "content").is_dir()


def path_or_builtin(folder: Path, name: str) -> Path:
    """Return a file or folder of a knowledge folder, or the built-in one of this name if it is missing."""
    path = folder / name
    return path if path.exists() else BUILT_IN / name


def load_knowledge(folder: Path, default_lang: str = "de", *, lazy: bool = False) -> Knowledge:
    """Read a whole folder; with ``lazy``, the entries of an external folder are read only when iterated.

    Raises:
        ContentError: every mistake in every file, or the folder does not exist or has no Markdown file.
    """
    if not folder.is_dir():
        raise ContentError([Problem.of(folder, 0, "not_a_folder" if folder.exists() else "folder_missing")])
    if next(_list_entry_files(folder, default_lang), None) is None:
        raise ContentError([Problem.of(folder, 0, "folder_without_texts")])
    entries = LazyEntries(folder, default_lang)
    if not has_builtin_layout(folder):
        return Knowledge(folder, entries if lazy else tuple(entries))
    problems = [
        Problem.of(path, 0, "outside_link")
        for path in sorted((*folder.glob("*.yaml"), *folder.glob("*/*.yaml"), *folder.glob("intro/*/*")))
        if _points_outside(path, folder)
    ]
    knowledge = Knowledge(
        folder,
        _collect_problems(problems, lambda: tuple(entries)),
        _collect_problems(problems, lambda: read_intents(path_or_builtin(folder, "intents"))),
        _collect_problems(problems, lambda: read_contacts(path_or_builtin(folder, CONTACTS_FILE))),
        _collect_problems(problems, lambda: read_steps(folder / "intro")),
        _collect_problems(problems, lambda: read_selfchecks(folder / SELFCHECK_FOLDER)),
        _collect_problems(problems, lambda: read_example_questions(folder / QUESTIONS_FOLDER)),
        dict(_collect_problems(problems, lambda: _read_signs_by_language(folder))),
    )
    if problems:
        raise ContentError(problems)
    return knowledge


def _read_signs_by_language(folder: Path) -> tuple[tuple[str, CrisisSigns], ...]:
    return tuple(read_crisis_signs(path_or_builtin(folder, CRISIS_FILE)).items())


def _list_entry_files(folder: Path, default_lang: str) -> Iterator[tuple[Path, str, str]]:
    if has_builtin_layout(folder):
        for path in sorted((folder / "content").glob("*/*.md")):
            yield path, path.stem, path.parent.name
        return
    for path in _walk_markdown(folder):
        yield path, path.relative_to(folder).with_suffix("").as_posix(), default_lang


def _walk_markdown(folder: Path) -> Iterator[Path]:
    """Yield all Markdown files below a folder, sorted by path, without hidden ones or links to folders."""
    pending = [(folder, True)]
    while pending:
        path, is_folder = pending.pop()
        if is_folder:
            pending += ((path / name, is_dir) for name, is_dir in sorted(_list_visible(path), reverse=True))
        elif path.suffix == ".md" and path.is_file():
            yield path


def _list_visible(folder: Path) -> list[tuple[str, bool]]:
    """Return the names of a folder's visible items, each with whether it is a folder."""
    try:
        with os.scandir(folder) as directory:
            return [(item.name, item.is_dir(follow_symlinks=False)) for item in directory if item.name[0] != "."]
    except OSError as error:
        raise GwError(f"The folder {str(folder)[:300]} cannot be read ({error.strerror}).") from None


def _collect_problems(problems: list[Problem], read: Callable[[], tuple[T, ...]]) -> tuple[T, ...]:
    try:
        return read()
    except ContentError as error:
        problems += error.problems
        return ()
