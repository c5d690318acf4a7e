"""Check rules across the files of a knowledge folder with the built-in layout.

Pure except for Leichte Sprache, whose files are read again so that each problem can name its line.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from knowledge.errors import Problem
from knowledge.loader import Knowledge
from knowledge.parsing.plain_text import markdown_to_plain
from knowledge.parsing.text_file import read_text_file
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


def _check_entry_ids(knowledge: Knowledge) -> Iterator[Problem]:
    for entry in knowledge.entries:
        if not ID_PATTERN.fullmatch(entry.id) or len(entry.id) > MAX_ENTRY_ID_LENGTH:
            message = f"the file name must be a-z, 0-9 and single hyphens, at most {MAX_ENTRY_ID_LENGTH} characters"
            yield Problem(entry_path(knowledge, entry), 0, message)


def _check_lengths(knowledge: Knowledge) -> Iterator[Problem]:
    for entry in knowledge.entries:
        path = entry_path(knowledge, entry)
        if len(entry.title) > MAX_TITLE_LENGTH:
            yield Problem(path, 2, f"the title has {len(entry.title)} characters; {MAX_TITLE_LENGTH} fit a button")
        max_length = MAX_EASY_BODY_LENGTH if entry.lang == LEICHTE_SPRACHE else MAX_BODY_LENGTH
        if len(markdown_to_plain(entry.body)) > max_length:
            yield Problem(path, 0, f"the text has over {max_length} characters; split it into two entries")
        if entry.lang == LEICHTE_SPRACHE and entry.questions:
            yield Problem(path, 0, "Leichte Sprache has no questions: an entry is found by those of the German text")
        minimum = MIN_QUESTIONS.get(entry.lang, 1)
        if len(entry.questions) < minimum:
            yield Problem(path, 0, f"{len(entry.questions)} example questions; at least {minimum} are needed")


def _check_related(knowledge: Knowledge) -> Iterator[Problem]:
    entry_ids = {entry.id for entry in knowledge.entries}
    for entry in knowledge.entries:
        for related_id in entry.related:
            if related_id not in entry_ids or related_id == entry.id:
                yield Problem(entry_path(knowledge, entry), 0, f"related: there is no other entry '{related_id}'")


def _check_parity(knowledge: Knowledge) -> Iterator[Problem]:
    by_id: dict[str, dict[str, Entry]] = defaultdict(dict)
    for entry in knowledge.entries:
        by_id[entry.id][entry.lang] = entry
    for entries in by_id.values():
        reference = next(iter(entries.values()))
        for lang in COMPLETE_LANGUAGES:
            if lang not in entries:
                yield Problem(entry_path(knowledge, reference), 0, f"the entry is missing in the language '{lang}'")
        for entry in entries.values():
            source = ("source",) if entry.lang == LEICHTE_SPRACHE else ()
            for field in ("layer", "url", "audience", "related", "command", *source):
                if getattr(entry, field) != getattr(reference, field):
                    message = f"'{field}' differs from the language '{reference.lang}'"
                    yield Problem(entry_path(knowledge, entry), 0, message)


def _check_duplicates(knowledge: Knowledge) -> Iterator[Problem]:
    for field in ("questions", "title"):
        entries_by_text: dict[tuple[str, str], Entry] = {}
        for entry in knowledge.entries:
            value = getattr(entry, field)
            for text in (value,) if isinstance(value, str) else value:
                earlier = entries_by_text.setdefault((entry.lang, _fold_question(text)), entry)
                if earlier is not entry or (field == "questions" and _repeats_question(entry, text)):
                    message = f"'{text}' is also in the entry '{earlier.id}'"
                    yield Problem(entry_path(knowledge, entry), 0, message)


def _repeats_question(entry: Entry, question: str) -> bool:
    return sum(question.casefold() == other.casefold() for other in entry.questions) > 1


def _check_not_answered(knowledge: Knowledge) -> Iterator[Problem]:
    entries_by_question = {_fold_question(text): entry for entry in knowledge.entries for text in entry.questions}
    has_details_gap = any(entry.id == DETAILS_GAP for entry in knowledge.entries)
    for entry in knowledge.entries:
        path = entry_path(knowledge, entry)
        is_german_answer = entry.lang == "de" and entry.layer is not Layer.GAP
        if is_german_answer and len(entry.not_answered) < MIN_NOT_ANSWERED:
            yield Problem(
                path, 0, f"not: {len(entry.not_answered)} questions; at least {MIN_NOT_ANSWERED} are needed"
            )
        if entry.not_answered and not has_details_gap:
            yield Problem(
                path, 0, f"not: these questions are answered by the entry '{DETAILS_GAP}', which is missing"
            )
        for text in entry.not_answered:
            if other := entries_by_question.get(_fold_question(text)):
                yield Problem(path, 0, f"not: '{text}' is an example question of the entry '{other.id}'")


def _check_foreign_questions(knowledge: Knowledge) -> Iterator[Problem]:
    answering_ids = {entry.id for entry in knowledge.entries if entry.layer is not Layer.GAP}
    entry_ids = {entry.id for entry in knowledge.entries}
    by_lang = {file.lang: file.by_entry for file in knowledge.example_questions}
    for lang in sorted({*QUESTION_LANGUAGES, *by_lang}):
        path, by_entry = knowledge.folder / QUESTIONS_FOLDER / f"{lang}.yaml", by_lang.get(lang, {})
        if lang in COMPLETE_LANGUAGES:
            yield Problem(path, 0, "questions in this language belong in the files of the entries")
        for entry_id in sorted(by_entry.keys() - entry_ids):
            yield Problem(path, 0, f"there is no entry '{entry_id}'")
        missing = [name for name in sorted(answering_ids) if len(by_entry.get(name, ())) < MIN_FOREIGN_QUESTIONS]
        if missing and lang in QUESTION_LANGUAGES:
            names = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
            yield Problem(path, 0, f"fewer than {MIN_FOREIGN_QUESTIONS} questions for {names}")
        counts = Counter(_fold_question(text) for texts in by_entry.values() for text in texts)
        yield from (
            Problem(path, 0, f"'{text}' is there {count} times") for text, count in counts.items() if count > 1
        )


def _fold_question(text: str) -> str:
    return text.casefold().strip(" ?!.")


def _check_intent_phrases(knowledge: Knowledge) -> Iterator[Problem]:
    entries_by_question = {question.casefold(): entry for entry in knowledge.entries for question in entry.questions}
    for intent in knowledge.intents:
        for _, phrase in intent.phrases:
            if entry := entries_by_question.get(phrase.casefold()):
                path = knowledge.folder / "intents" / f"{intent.id}.yaml"
                yield Problem(path, 0, f"'{phrase}' is also an example question of the entry '{entry.id}'")


def _check_intro_steps(knowledge: Knowledge) -> Iterator[Problem]:
    entry_ids = {entry.id for entry in knowledge.entries}
    folder = knowledge.folder / "intro"
    by_lang: dict[str, dict[str, IntroStep]] = defaultdict(dict)
    for step in knowledge.steps:
        by_lang[step.lang][step.name] = step
        for entry_id in _linked_entries(step):
            if entry_id and entry_id not in entry_ids:
                yield Problem(_step_path(folder, step), 0, f"there is no entry '{entry_id}'")
    reference_lang, *other_langs = COMPLETE_LANGUAGES
    reference_steps = by_lang.pop(reference_lang, {})
    if not reference_steps:
        yield Problem(folder / reference_lang, 0, "the introduction has no steps in this language")
    for lang in other_langs:
        for name in reference_steps.keys() - by_lang[lang].keys():
            yield Problem(folder / lang, 0, f"there is no step '{name}' in this language")
    for step in (step for steps in by_lang.values() for step in steps.values()):
        if step.name in reference_steps:
            yield from _compare_steps(folder, step, reference_steps[step.name])
        else:
            yield Problem(_step_path(folder, step), 0, f"there is no step '{step.name}' in '{reference_lang}'")


def _compare_steps(folder: Path, step: IntroStep, reference: IntroStep) -> Iterator[Problem]:
    compared = {
        "the number": (step.number, reference.number) if step.lang in COMPLETE_LANGUAGES else (0, 0),
        "'picture'": (step.picture, reference.picture),
        "'entries'": (_linked_entries(step), _linked_entries(reference)),
        "the number of choices": (len(step.choices), len(reference.choices)),
        "'examples'": (set(step.examples), set(reference.examples)),
        "whether there is a 'takeaway'": (bool(step.takeaway), bool(reference.takeaway)),
    }
    for aspect, (value, expected) in compared.items():
        if value != expected:
            yield Problem(_step_path(folder, step), 0, f"{aspect} differs from the language '{reference.lang}'")


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
                yield Problem(path, 0, f"{question.id}: there is no entry '{question.entry}' that answers")
            if question.step is not None and question.step not in step_numbers:
                yield Problem(path, 0, f"{question.id}: there is no step {question.step} of the introduction")
        if reference and _selfcheck_outline(selfcheck) != _selfcheck_outline(reference):
            yield Problem(path, 0, f"groups, ids, entries or steps differ from the language '{reference.lang}'")


def _selfcheck_outline(selfcheck: SelfCheck) -> list[tuple[str, str, str, int | None]]:
    return [(question.id, question.group.id, question.entry, question.step) for question in selfcheck.questions]


def _check_contact_topics(knowledge: Knowledge) -> Iterator[Problem]:
    entry_ids = {entry.id for entry in knowledge.entries if entry.layer is not Layer.DOCUMENT}
    for contact in knowledge.contacts:
        for topic in contact.topics:
            if topic not in entry_ids:
                message = f"the contact '{contact.id}' has the topic '{topic}', which is not an entry"
                yield Problem(knowledge.folder / "contacts.yaml", 0, message)


def _check_leichte_sprache(knowledge: Knowledge) -> Iterator[Problem]:
    words_file = knowledge.folder / ALLOWED_WORDS_FILE
    allowed = read_allowed_words(words_file) if words_file.is_file() else frozenset[str]()
    selfcheck = f"{SELFCHECK_FOLDER}/{LEICHTE_SPRACHE}.yaml"
    patterns = (f"content/{LEICHTE_SPRACHE}/*.md", f"intro/{LEICHTE_SPRACHE}/*.md", selfcheck)
    for path in sorted(path for pattern in patterns for path in knowledge.folder.glob(pattern)):
        yield from (Problem(path, line, message) for line, message in find_violations(_readable_text(path), allowed))


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
