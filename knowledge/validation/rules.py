"""Check rules across the files of a knowledge folder with the built-in layout.

Pure except that a file with a problem, and those in Leichte Sprache, are read again to name the line.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from knowledge.errors import Problem
from knowledge.loader import Knowledge
from knowledge.parsing.plain_text import markdown_to_plain
from knowledge.parsing.text_file import read_text_file
from knowledge.records.contacts import CONTACTS_FILE
from knowledge.records.entry import DETAILS_GAP, ID_PATTERN, LEICHTE_SPRACHE, QUESTIONS_FOLDER, Entry, Layer
from knowledge.records.intro import IntroStep
from knowledge.records.selfcheck import SELFCHECK_FOLDER, SelfCheck
from knowledge.validation.leichte_sprache import ALLOWED_WORDS_FILE, find_violations, read_allowed_words

COMPLETE_LANGUAGES = ("de", "en")  # other languages may lack entries and steps
MIN_QUESTIONS = {"de": 24, "en": 12, LEICHTE_SPRACHE: 0}
QUESTION_LANGUAGES = ("ar", "es", "fr", "pl", "ru", "tr", "uk")  # beside those that have texts
MIN_FOREIGN_QUESTIONS, MIN_NOT_ANSWERED = 3, 6
MAX_ENTRY_ID_LENGTH = 50  # with our prefixes, fits 64 bytes of callback data or deep link
MAX_TITLE_LENGTH = 48
MAX_BODY_LENGTH = 700  # what a phone shows without scrolling much
MAX_EASY_BODY_LENGTH = 1_100  # Leichte Sprache explains its words, in short sentences
_TECHNICAL_KEYS = frozenset(
    ("layer", "source", "url", "audience", "related", "command", "entries", "picture", "entry", "id", "group", "step")
)


def check_knowledge(knowledge: Knowledge) -> tuple[Problem, ...]:
    """Return every violation, sorted by file."""
    rules = (
        _check_entry_ids,
        _check_file_types,
        _check_lengths,
        _check_related,
        _check_parity,
        _check_duplicates,
        _check_not_answered,
        _check_foreign_questions,
        _check_intent_phrases,
        _check_intro_steps,
        _check_contact_topics,
        _check_selfchecks,
        _check_leichte_sprache,
    )
    return tuple(sorted(problem for rule in rules for problem in rule(knowledge)))


def entry_path(knowledge: Knowledge, entry: Entry) -> Path:
    """Return the file an entry was read from."""
    return knowledge.folder / "content" / entry.lang / f"{entry.id}.md"


def _key_problem(path: Path, front_key: str, code: str, **values: object) -> Problem:
    """Return a problem on the line of a key at the top level, or of the file if it has none."""
    return Problem.of(path, _find_line(path, lambda line: line.startswith(f"{front_key}:")), code, **values)


def _text_problem(path: Path, text: str, code: str, **values: object) -> Problem:
    """Return a problem about a text, on the last line that has it, since the first may be right."""
    pattern = re.compile(rf"(?<![\w-]){re.escape(text)}(?![\w-])")
    return Problem.of(path, _find_line(path, lambda line: bool(pattern.search(line))), code, value=text, **values)


def _find_line(path: Path, matches: Callable[[str], bool]) -> int:
    lines = read_text_file(path).splitlines() if path.is_file() else []
    return next((number for number in range(len(lines), 0, -1) if matches(lines[number - 1])), 0)


def _check_entry_ids(knowledge: Knowledge) -> Iterator[Problem]:
    for entry in knowledge.entries:
        if not ID_PATTERN.fullmatch(entry.id) or len(entry.id) > MAX_ENTRY_ID_LENGTH:
            yield Problem.of(entry_path(knowledge, entry), 0, "entry_file_name", maximum=MAX_ENTRY_ID_LENGTH)


def _check_file_types(knowledge: Knowledge) -> Iterator[Problem]:
    for path in (knowledge.folder / "content").glob("*/*"):
        if path.is_file() and path.suffix != ".md" and not path.name.startswith((".", "~")):
            yield Problem.of(path, 0, "file_ignored")


def _check_lengths(knowledge: Knowledge) -> Iterator[Problem]:
    for entry in knowledge.entries:
        path = entry_path(knowledge, entry)
        if len(entry.title) > MAX_TITLE_LENGTH:
            yield _key_problem(path, "title", "title_long", length=len(entry.title), maximum=MAX_TITLE_LENGTH)
        max_length = MAX_EASY_BODY_LENGTH if entry.lang == LEICHTE_SPRACHE else MAX_BODY_LENGTH
        if len(markdown_to_plain(entry.body)) > max_length:
            yield Problem.of(path, 0, "body_long", maximum=max_length)
        if entry.lang == LEICHTE_SPRACHE and entry.questions:
            yield _key_problem(path, "questions", "easy_questions")
        minimum = MIN_QUESTIONS.get(entry.lang, 1)
        if len(entry.questions) < minimum:
            yield _key_problem(path, "questions", "few_questions", count=len(entry.questions), minimum=minimum)


def _check_related(knowledge: Knowledge) -> Iterator[Problem]:
    entry_ids = {entry.id for entry in knowledge.entries}
    for entry in knowledge.entries:
        path = entry_path(knowledge, entry)
        if not entry.related:
            yield _key_problem(path, "related", "no_related_given", key="related")
        for related_id in entry.related:
            if related_id not in entry_ids or related_id == entry.id:
                yield _text_problem(path, related_id, "no_related")


def _check_parity(knowledge: Knowledge) -> Iterator[Problem]:
    by_id: dict[str, dict[str, Entry]] = defaultdict(dict)
    for entry in knowledge.entries:
        by_id[entry.id][entry.lang] = entry
    for entries in by_id.values():
        reference = next(iter(entries.values()))
        for lang in COMPLETE_LANGUAGES:
            if lang not in entries:
                yield Problem.of(entry_path(knowledge, reference), 0, "no_translation", lang=lang)
        for entry in entries.values():
            source = ("source",) if entry.lang == LEICHTE_SPRACHE else ()
            for field in ("layer", "url", "audience", "related", "command", *source):
                if getattr(entry, field) != getattr(reference, field):
                    path = entry_path(knowledge, entry)
                    yield _key_problem(path, field, "differs", field=field, lang=reference.lang)


def _check_duplicates(knowledge: Knowledge) -> Iterator[Problem]:
    for field in ("questions", "title"):
        entries_by_text: dict[tuple[str, str], Entry] = {}
        for entry in knowledge.entries:
            value, repeated = getattr(entry, field), _repeated_questions(entry)
            for text in (value,) if isinstance(value, str) else value:
                earlier = entries_by_text.setdefault((entry.lang, _fold_question(text)), entry)
                if earlier is not entry or (field == "questions" and text.casefold() in repeated):
                    yield _text_problem(entry_path(knowledge, entry), text, "repeated_in_entry", entry=earlier.id)


def _repeated_questions(entry: Entry) -> set[str]:
    counts = Counter(question.casefold() for question in entry.questions)
    return {question for question, count in counts.items() if count > 1}


def _check_not_answered(knowledge: Knowledge) -> Iterator[Problem]:
    entries_by_question = {_fold_question(text): entry for entry in knowledge.entries for text in entry.questions}
    has_details_gap = any(entry.id == DETAILS_GAP for entry in knowledge.entries)
    for entry in knowledge.entries:
        path = entry_path(knowledge, entry)
        is_german_answer = entry.lang == "de" and entry.layer is not Layer.GAP
        if is_german_answer and len(entry.not_answered) < MIN_NOT_ANSWERED:
            yield _key_problem(path, "not", "few_not", count=len(entry.not_answered), minimum=MIN_NOT_ANSWERED)
        if entry.not_answered and not has_details_gap:
            yield _key_problem(path, "not", "no_details_gap", entry=DETAILS_GAP)
        for text in entry.not_answered:
            if other := entries_by_question.get(_fold_question(text)):
                yield _text_problem(path, text, "not_is_question", entry=other.id)


def _check_foreign_questions(knowledge: Knowledge) -> Iterator[Problem]:
    answering_ids = {entry.id for entry in knowledge.entries if entry.layer is not Layer.GAP}
    entry_ids = {entry.id for entry in knowledge.entries}
    by_lang = {file.lang: file.by_entry for file in knowledge.example_questions}
    langs_by_missing: dict[str, list[str]] = {}  # a new entry is missing in all of them: one hint, not one each
    for lang in sorted({*QUESTION_LANGUAGES, *by_lang}):
        path, by_entry = knowledge.folder / QUESTIONS_FOLDER / f"{lang}.yaml", by_lang.get(lang, {})
        if lang in COMPLETE_LANGUAGES:
            yield Problem.of(path, 0, "questions_elsewhere")
        for entry_id in sorted(by_entry.keys() - entry_ids):
            yield _text_problem(path, entry_id, "no_entry")
        missing = [name for name in sorted(answering_ids) if len(by_entry.get(name, ())) < MIN_FOREIGN_QUESTIONS]
        if missing and lang in QUESTION_LANGUAGES:
            names = ", ".join(missing[:3]) + (f" … (+ {len(missing) - 3})" if len(missing) > 3 else "")
            langs_by_missing.setdefault(names, []).append(lang)
        counts = Counter(_fold_question(text) for texts in by_entry.values() for text in texts)
        yield from (_text_problem(path, text, "repeated", count=count) for text, count in counts.items() if count > 1)
    for names, langs in langs_by_missing.items():
        path = knowledge.folder / QUESTIONS_FOLDER
        path = path / f"{langs[0]}.yaml" if len(langs) == 1 else path
        yield Problem.of(path, 0, "few_foreign", minimum=MIN_FOREIGN_QUESTIONS, names=names, langs=", ".join(langs))


def _fold_question(text: str) -> str:
    return text.casefold().strip(" ?!.")


def _check_intent_phrases(knowledge: Knowledge) -> Iterator[Problem]:
    entries_by_question = {question.casefold(): entry for entry in knowledge.entries for question in entry.questions}
    for intent in knowledge.intents:
        for _, phrase in intent.phrases:
            if entry := entries_by_question.get(phrase.casefold()):
                path = knowledge.folder / "intents" / f"{intent.id}.yaml"
                yield _text_problem(path, phrase, "phrase_is_question", entry=entry.id)


def _check_intro_steps(knowledge: Knowledge) -> Iterator[Problem]:
    entry_ids = {entry.id for entry in knowledge.entries}
    folder = knowledge.folder / "intro"
    by_lang: dict[str, dict[str, IntroStep]] = defaultdict(dict)
    for step in knowledge.steps:
        by_lang[step.lang][step.name] = step
        for entry_id in _linked_entries(step):
            if entry_id and entry_id not in entry_ids:
                yield _text_problem(_step_path(folder, step), entry_id, "no_entry")
    reference_lang, *other_langs = COMPLETE_LANGUAGES
    reference_steps = by_lang.pop(reference_lang, {})
    if not reference_steps:
        yield Problem.of(folder / reference_lang, 0, "no_steps")
    for lang in other_langs:
        for name in reference_steps.keys() - by_lang[lang].keys():
            yield Problem.of(folder / lang, 0, "no_step_translation", value=name)
    for step in (step for steps in by_lang.values() for step in steps.values()):
        if step.name in reference_steps:
            yield from _compare_steps(folder, step, reference_steps[step.name])
        else:
            path = _step_path(folder, step)
            yield Problem.of(path, 0, "no_reference_step", value=step.name, lang=reference_lang)


def _compare_steps(folder: Path, step: IntroStep, reference: IntroStep) -> Iterator[Problem]:
    path, lang = _step_path(folder, step), reference.lang
    compared_keys = {
        "picture": (step.picture, reference.picture),
        "entries": (_linked_entries(step), _linked_entries(reference)),
        "examples": (set(step.examples), set(reference.examples)),
        "takeaway": (bool(step.takeaway), bool(reference.takeaway)),
    }
    for key, (value, expected) in compared_keys.items():
        if value != expected:
            yield _key_problem(path, key, "differs", field=key, lang=lang)
    if step.lang in COMPLETE_LANGUAGES and step.number != reference.number:
        yield Problem.of(path, 0, "step_number_differs", lang=lang)
    if len(step.choices) != len(reference.choices):
        yield _key_problem(path, "choices", "step_choices_differ", lang=lang)


def _linked_entries(step: IntroStep) -> tuple[str, ...]:
    return (*step.entries, *(choice.entry for choice in step.choices))


def _step_path(folder: Path, step: IntroStep) -> Path:
    return folder / step.lang / f"{step.number:02}-{step.name}.md"


def _check_selfchecks(knowledge: Knowledge) -> Iterator[Problem]:
    entry_ids = {entry.id for entry in knowledge.entries if entry.layer is not Layer.GAP}
    step_numbers = {step.number for step in knowledge.steps}
    reference = next(iter(knowledge.selfchecks), None)
    for selfcheck in knowledge.selfchecks:
        path = knowledge.folder / SELFCHECK_FOLDER / f"{selfcheck.lang}.yaml"
        for question in selfcheck.questions:
            if question.entry not in entry_ids:
                yield _text_problem(path, question.entry, "selfcheck_entry", id=question.id)
            if question.step is not None and question.step not in step_numbers:
                yield Problem.of(path, 0, "selfcheck_step", id=question.id, value=question.step)
        if reference and _selfcheck_outline(selfcheck) != _selfcheck_outline(reference):
            yield Problem.of(path, 0, "selfcheck_differs", lang=reference.lang)


def _selfcheck_outline(selfcheck: SelfCheck) -> list[tuple[str, str, str, int | None]]:
    return [(question.id, question.group.id, question.entry, question.step) for question in selfcheck.questions]


def _check_contact_topics(knowledge: Knowledge) -> Iterator[Problem]:
    entry_ids = {entry.id for entry in knowledge.entries if entry.layer is not Layer.DOCUMENT}
    for contact in knowledge.contacts:
        for topic in contact.topics:
            if topic not in entry_ids:
                yield _text_problem(knowledge.folder / CONTACTS_FILE, topic, "contact_topic", id=contact.id)


def _check_leichte_sprache(knowledge: Knowledge) -> Iterator[Problem]:
    words_file = knowledge.folder / ALLOWED_WORDS_FILE
    allowed = read_allowed_words(words_file) if words_file.is_file() else frozenset[str]()
    selfcheck = f"{SELFCHECK_FOLDER}/{LEICHTE_SPRACHE}.yaml"
    patterns = (f"content/{LEICHTE_SPRACHE}/*.md", f"intro/{LEICHTE_SPRACHE}/*.md", selfcheck)
    for path in sorted(path for pattern in patterns for path in knowledge.folder.glob(pattern)):
        yield from find_violations(_readable_text(path), allowed, path)


def _readable_text(path: Path) -> str:
    """Return a file's text with only the readable values of its front matter, every line in its place."""
    if path.suffix == ".yaml":
        return "\n".join(map(_readable_value, read_text_file(path).splitlines()))
    _, front_matter, body = read_text_file(path).split("---\n", 2)
    return "\n".join(("", *map(_readable_value, front_matter.splitlines()), "", body))


def _readable_value(line: str) -> str:
    key, colon, value = line.strip().removeprefix("- ").partition(":")
    if not colon or not key.islower() or not key.isalpha():
        return line.strip()
    return "" if key in _TECHNICAL_KEYS else value.strip(" \"'|-")
