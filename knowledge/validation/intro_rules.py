"""Rules across the steps of the introduction: the same path in every language, and entries that exist."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from knowledge.errors import Problem
from knowledge.loader import Knowledge
from knowledge.records.intro import IntroStep

COMPLETE_LANGUAGES = ("de", "en")  # another language may lack steps; it reads those of the language it belongs to


def check_intro_steps(knowledge: Knowledge) -> Iterator[Problem]:
    """Everything wrong across the steps."""
    entry_ids = {entry_id.id for entry_id in knowledge.entries}
    folder = knowledge.folder / "intro"
    by_lang: dict[str, dict[str, IntroStep]] = defaultdict(dict)
    for step in knowledge.steps:
        by_lang[step.lang][step.name] = step
        for entry_id in _linked_entries(step):
            if entry_id and entry_id not in entry_ids:
                yield Problem(_step_path(folder, step), 0, f"there is no entry '{entry_id}'")
    reference_steps = by_lang[COMPLETE_LANGUAGES[0]]
    if not reference_steps:
        yield Problem(folder / COMPLETE_LANGUAGES[0], 0, "the introduction has no steps in this language")
    for lang in (*COMPLETE_LANGUAGES[1:], *(lang for lang in by_lang if lang not in COMPLETE_LANGUAGES)):
        missing_names = (
            [name for name in reference_steps if name not in by_lang[lang]] if lang in COMPLETE_LANGUAGES else []
        )
        yield from (
            Problem(folder / lang, 0, f"there is no step '{name}' in this language") for name in missing_names
        )
        for name, step in by_lang[lang].items():
            if name not in reference_steps:
                yield Problem(_step_path(folder, step), 0, f"there is no step '{name}' in '{COMPLETE_LANGUAGES[0]}'")
            else:
                yield from _compare_steps(folder, step, reference_steps[name])


def _compare_steps(folder: Path, step: IntroStep, reference: IntroStep) -> Iterator[Problem]:
    compared = {
        "the number": (step.number, reference.number) if step.lang in COMPLETE_LANGUAGES else (0, 0),
        "'picture'": (step.picture, reference.picture),
        "'entries'": (_linked_entries(step), _linked_entries(reference)),
        "the number of choices": (len(step.choices), len(reference.choices)),
        "'examples'": (set(step.examples), set(reference.examples)),
    }
    for aspect, (value, expected) in compared.items():
        if value != expected:
            yield Problem(_step_path(folder, step), 0, f"{aspect} differs from the language '{reference.lang}'")


def _linked_entries(step: IntroStep) -> tuple[str, ...]:
    return (*step.entries, *(choice.entry for choice in step.choices))


def _step_path(folder: Path, step: IntroStep) -> Path:
    return folder / step.lang / f"{step.number:02}-{step.name}.md"
