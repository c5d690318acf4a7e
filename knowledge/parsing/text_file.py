"""Read text files from untrusted sources."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from knowledge.errors import ContentError, Problem

MAX_FILE_BYTES = 1_000_000
MAX_PARSED = 8  # texts of each kind: the built-in files in three languages, and those of a few tenants
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.S | re.M)
_OTHER_DASHES = re.compile(r"(?!---\s*$)[-–—]+\s*")
FRONT_MATTER_EXAMPLE = "---, darunter title: Ein Titel und die anderen Zeilen, dann wieder ---"
T = TypeVar("T")


def read_text_file(path: Path, max_bytes: int = MAX_FILE_BYTES) -> str:
    """Return a file's text with Unix line ends; raise ContentError if it is not a usable text file."""
    try:
        if not path.is_file():
            raise ContentError([Problem.of(path, 0, "not_a_file" if path.exists() else "file_missing")])
        size = path.stat().st_size
        if size > max_bytes:
            raise ContentError([Problem.of(path, 0, "file_too_large", size=f"{size:,}", maximum=f"{max_bytes:,}")])
        raw = path.read_bytes()
    except OSError as error:
        raise ContentError([Problem.of(path, 0, "file_unreadable", reason=error.strerror)]) from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ContentError([Problem.of(path, line, "not_utf8")]) from None
    if not text.strip():
        raise ContentError([Problem.of(path, 1, "file_empty")])
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise ContentError([Problem.of(path, line, "not_a_text")])
    return text.replace("\r\n", "\n")


def parsed_once(parse: Callable[[Path, str], T]) -> Callable[[Path], T]:
    """Return a reader of a file that parses a text once: all bots of a process share what must never change.

    Args:
        parse: makes a record of a file's path and text; raises ContentError with every mistake.
    """
    parse_once = lru_cache(MAX_PARSED)(parse)

    def read(path: Path) -> T:
        return parse_once(path, read_text_file(path))

    return read


def split_front_matter(path: Path, text: str, *, required: bool = True) -> tuple[str, str]:
    """Return the YAML between the two '---' lines at the top, and the text below.

    Raises:
        ContentError: there is none though it is ``required``.
    """
    match = _FRONT_MATTER.match(text)
    if match is None and required:
        for number, line in enumerate(text.splitlines(), start=1):
            if _OTHER_DASHES.fullmatch(line):
                raise ContentError([Problem.of(path, number, "dashes", example="---")])
        raise ContentError([Problem.of(path, 1, "no_front_matter", example=FRONT_MATTER_EXAMPLE)])
    return (match[1], text[match.end() :].strip()) if match else ("", text.strip())


def read_all(paths: Iterable[Path], read: Callable[[Path], T]) -> tuple[T, ...]:
    """Read every file with ``read``; raise one ContentError with the problems of all files."""
    records: list[T] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            records.append(read(path))
        except ContentError as error:
            problems += error.problems
    if problems:
        raise ContentError(problems)
    return tuple(records)
