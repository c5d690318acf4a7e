"""Read a whole knowledge folder with everything that can be wrong in it: before it is used, and for its editors."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from bot.answering.crisis import find_false_alarms
from bot.domain.commands import COMMANDS_FILE, read_command_words
from knowledge.errors import ContentError, Problem
from knowledge.loader import Knowledge, has_builtin_layout, load_knowledge, path_or_builtin
from knowledge.records.contacts import CONTACTS_FILE, read_contacts
from knowledge.records.crisis_signs import CRISIS_FILE, read_crisis_signs
from knowledge.records.discourse_markers import MARKERS_FILE, read_markers
from knowledge.records.facets import FACETS_FILE, read_facets
from knowledge.validation.rules import check_knowledge

T = TypeVar("T")


def read_checked_knowledge(folder: Path, default_lang: str) -> tuple[Knowledge | None, tuple[Problem, ...]]:
    """Return what a folder holds, with all errors and hints sorted by file; None in place of it if there is an error.

    Raises:
        GwError: the folder does not exist or has no Markdown file.
    """
    problems: set[Problem] = set()

    def collect(read: Callable[[], T]) -> T | None:
        try:
            return read()
        except ContentError as error:
            problems.update(error.problems)
            return None

    knowledge = collect(lambda: load_knowledge(folder, default_lang))
    collect(
        lambda: read_contacts(path_or_builtin(folder, CONTACTS_FILE))
    )  # always needed: requests go to these people
    collect(lambda: read_command_words(path_or_builtin(folder, COMMANDS_FILE)))
    collect(lambda: read_crisis_signs(path_or_builtin(folder, CRISIS_FILE)))
    collect(lambda: read_markers(path_or_builtin(folder, MARKERS_FILE)))
    collect(lambda: read_facets(path_or_builtin(folder, FACETS_FILE)))
    if knowledge and has_builtin_layout(folder):
        problems.update((*check_knowledge(knowledge), *find_false_alarms(knowledge)))
    is_usable = all(problem.is_hint for problem in problems)
    return knowledge if is_usable else None, tuple(sorted(problems))
