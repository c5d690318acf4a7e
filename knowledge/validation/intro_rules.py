"""Rules across the steps of the introduction: the same path in every language, and entries that exist."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from knowledge.errors import Problem
from knowledge.loader import Knowledge
from knowledge.records.intro import Step

FULL = ("de", "en")  # another language may lack steps; it reads those of the language it belongs to


def check_steps(knowledge: Knowledge) -> Iterator[Problem]:
    """Everything wrong across the steps."""
    known = {entry.id for entry in knowledge.entries}
    folder = knowledge.folder / "intro"
    by_lang: dict[str, dict[str, Step]] = defaultdict(dict)
    for step in knowledge.steps:
        by_lang[step.lang][step.name] = step
        for entry in _entries(step):
            if entry and entry not in known:
                yield Problem(_path(folder, step), 0, f"there is no entry '{entry}'")
    first = by_lang[FULL[0]]
    if not first:
        yield Problem(folder / FULL[0], 0, "the introduction has no steps in this language")
    for lang in (*FULL[1:], *(lang for lang in by_lang if lang not in FULL)):
        missing = [name for name in first if name not in by_lang[lang]] if lang in FULL else []
        yield from (Problem(folder / lang, 0, f"there is no step '{name}' in this language") for name in missing)
        for name, step in by_lang[lang].items():
            if name not in first:
                yield Problem(_path(folder, step), 0, f"there is no step '{name}' in '{FULL[0]}'")
            else:
                yield from _differences(folder, step, first[name])


def _differences(folder: Path, step: Step, first: Step) -> Iterator[Problem]:
    same = {
        "the number": (step.number, first.number) if step.lang in FULL else (0, 0),
        "'picture'": (step.picture, first.picture),
        "'entries'": (_entries(step), _entries(first)),
        "the number of choices": (len(step.choices), len(first.choices)),
        "'examples'": (set(step.examples), set(first.examples)),
    }
    for what, (own, other) in same.items():
        if own != other:
            yield Problem(_path(folder, step), 0, f"{what} differs from the language '{first.lang}'")


def _entries(step: Step) -> tuple[str, ...]:
    return (*step.entries, *(choice.entry for choice in step.choices))


def _path(folder: Path, step: Step) -> Path:
    return folder / step.lang / f"{step.number:02}-{step.name}.md"
