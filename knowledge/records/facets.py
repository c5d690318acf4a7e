"""What people ask about a subject just shown, its facets, and which entry answers; see facets.yaml."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from knowledge.parsing.strict_yaml import StrictYaml, strict_keys
from knowledge.parsing.text_file import read_text_file

FACETS_FILE = "facets.yaml"


@strict_keys
@dataclass(frozen=True, slots=True)
class Facet:
    """Something that may be asked about any subject; facets.yaml explains each key."""

    cues: tuple[str, ...]
    question: Mapping[str, str]
    general: str = ""
    entries: Mapping[str, str] = field(default_factory=dict)
    about_asker: bool = False
    quotes: Literal["", "first", "nearest"] = ""

    def entry_of(self, subject_id: str) -> tuple[str, str]:
        """Return the id of the entry that answers for a subject, and a word of its sentence; "" for none."""
        if self.quotes:
            return subject_id, ""
        name = _most_particular(subject_id, self.entries)
        entry_id, _, word = self.entries[name].partition("#") if name else ("", "", "")
        return entry_id, word


@strict_keys
@dataclass(frozen=True, slots=True)
class Facets:
    """All facets, in the order in which they are tried, and the words around them."""

    fillers: frozenset[str]
    telling: frozenset[str]
    elsewhere: frozenset[str]
    cases: frozenset[str]
    facets: Mapping[str, Facet]

    def case_of(self, entry_id: str) -> str:
        """Return the name of the place, initiative or study of which an entry tells; "" if it tells of none."""
        return _most_particular(entry_id, self.cases)


NO_FACETS = Facets(frozenset(), frozenset(), frozenset(), frozenset(), {})


def read_facets(path: Path) -> Facets:
    """Read the facets; raise ContentError with every mistake."""
    return StrictYaml(path, read_text_file(path)).validate(Facets)


def _most_particular(entry_id: str, names: Mapping[str, str] | frozenset[str]) -> str:
    """Return the longest name that is an entry's id, or with which it begins; "" for none."""
    return max((name for name in names if f"{entry_id}-".startswith(f"{name}-")), key=len, default="")
