"""A knowledge folder: the house's own layout, or any folder of Markdown files.

The house's layout has ``content/<lang>/*.md``, ``contacts.yaml``, ``intents/*.yaml`` and ``intro/<lang>/*.md``
and is read strictly. In any other folder every ``*.md`` is an entry; its id is its path without the ending,
front matter is optional, and keys we do not know are passed over.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from knowledge.contacts import Contact, read_contacts
from knowledge.entry import Entry, read_entry
from knowledge.errors import ContentError, GwError, Problem
from knowledge.intents import Intent, read_intents
from knowledge.intro import Step, read_steps
from knowledge.understanding import MARKERS, read_markers

HOUSE = Path(__file__).parent
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Everything read from one knowledge folder."""

    folder: Path
    entries: tuple[Entry, ...]
    intents: tuple[Intent, ...] = ()
    contacts: tuple[Contact, ...] = ()
    steps: tuple[Step, ...] = ()


def is_house(folder: Path) -> bool:
    """Whether a folder has the house's own layout."""
    return (folder / "content").is_dir()


def load(folder: Path, default_lang: str = "de") -> Knowledge:
    """Read a whole folder.

    Raises:
        ContentError: all problems of all files at once.
        GwError: the folder is missing or holds no Markdown file.
    """
    if not folder.is_dir():
        raise GwError(f"The knowledge folder {folder} does not exist.")
    problems: list[Problem] = []
    entries: list[Entry] = []
    strict = is_house(folder)
    for path, entry_id, lang in _files(folder, default_lang):
        try:
            entries.append(read_entry(path, entry_id, lang, strict=strict))
        except ContentError as error:
            problems += error.problems
    if not entries and not problems:
        raise GwError(f"The knowledge folder {folder} holds no Markdown file (*.md).")
    if not strict:
        return _or_raise(problems, Knowledge(folder, tuple(entries)))
    knowledge = Knowledge(
        folder,
        tuple(entries),
        _collect(problems, lambda: read_intents(folder / "intents")),
        _collect(problems, lambda: read_contacts(folder / "contacts.yaml")),
        _collect(problems, lambda: read_steps(folder / "intro")),
    )
    if (folder / MARKERS).exists():
        _collect(problems, lambda: tuple(read_markers(folder / MARKERS)))
    return _or_raise(problems, knowledge)


def _files(folder: Path, default_lang: str) -> Iterator[tuple[Path, str, str]]:
    if is_house(folder):
        for path in sorted((folder / "content").glob("*/*.md")):
            yield path, path.stem, path.parent.name
        return
    for path in sorted(folder.rglob("*.md")):
        relative = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in relative.parts):
            yield path, relative.with_suffix("").as_posix(), default_lang


def _collect(problems: list[Problem], read: Callable[[], tuple[T, ...]]) -> tuple[T, ...]:
    try:
        return read()
    except ContentError as error:
        problems += error.problems
        return ()


def _or_raise(problems: list[Problem], knowledge: Knowledge) -> Knowledge:
    if problems:
        raise ContentError(problems)
    return knowledge
