"""Rules across the files of the house's knowledge folder: Knowledge -> problems.

Pure but for Leichte Sprache, whose files are read once more so that each problem can name its line.
"""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from knowledge.errors import Problem
from knowledge.loader import Knowledge
from knowledge.parsing.plain_text import plain
from knowledge.parsing.text_file import read_text
from knowledge.records.entry import EASY, ID_PATTERN, Entry, Layer
from knowledge.records.selfcheck import SELFCHECK, SelfCheck
from knowledge.validation.intro_rules import check_steps
from knowledge.validation.leichte_sprache import WORDS, breaches, read_allowed

LANGUAGES = ("de", "en")
MIN_QUESTIONS = {"de": 8, "en": 4, EASY: 0}
MAX_ID = 50  # fits Telegram's 64 bytes of callback data and of a deep link, with our prefixes
MAX_TITLE = 48
MAX_BODY = 900
_NO_WORDS = ("layer", "source", "url", "audience", "related", "entries", "picture", "entry", "id", "group", "step")


def check(knowledge: Knowledge) -> tuple[Problem, ...]:
    """Everything wrong across the files, sorted by file. Empty where all is well."""
    rules = (_names, _sizes, _links, _parity, _duplicates, _phrases, check_steps, _topics, _selfchecks, _easy)
    return tuple(sorted(problem for rule in rules for problem in rule(knowledge)))


def path_of(knowledge: Knowledge, entry: Entry) -> Path:
    """The file an entry was read from."""
    return knowledge.folder / "content" / entry.lang / f"{entry.id}.md"


def _names(knowledge: Knowledge) -> Iterator[Problem]:
    for entry in knowledge.entries:
        if not ID_PATTERN.fullmatch(entry.id) or len(entry.id) > MAX_ID:
            message = f"the file name must be a-z, 0-9 and single hyphens, at most {MAX_ID} characters"
            yield Problem(path_of(knowledge, entry), 0, message)


def _sizes(knowledge: Knowledge) -> Iterator[Problem]:
    for entry in knowledge.entries:
        path = path_of(knowledge, entry)
        if len(entry.title) > MAX_TITLE:
            yield Problem(path, 2, f"the title has {len(entry.title)} characters; {MAX_TITLE} fit a button")
        if len(plain(entry.body)) > MAX_BODY:
            yield Problem(path, 0, f"the text has over {MAX_BODY} characters; split it into two entries")
        if entry.lang == EASY and entry.questions:
            yield Problem(path, 0, "Leichte Sprache has no questions: an entry is found by those of the German text")
        least = MIN_QUESTIONS.get(entry.lang, 1)
        if len(entry.questions) < least:
            yield Problem(path, 0, f"{len(entry.questions)} example questions; at least {least} are needed")


def _links(knowledge: Knowledge) -> Iterator[Problem]:
    known = {entry.id for entry in knowledge.entries}
    for entry in knowledge.entries:
        for other in entry.related:
            if other not in known or other == entry.id:
                yield Problem(path_of(knowledge, entry), 0, f"related: there is no other entry '{other}'")


def _parity(knowledge: Knowledge) -> Iterator[Problem]:
    by_id: dict[str, dict[str, Entry]] = defaultdict(dict)
    for entry in knowledge.entries:
        by_id[entry.id][entry.lang] = entry
    for entries in by_id.values():
        first = next(iter(entries.values()))
        for lang in LANGUAGES:
            if lang not in entries:
                yield Problem(path_of(knowledge, first), 0, f"the entry is missing in the language '{lang}'")
        for entry in entries.values():
            for field in ("layer", "url", "audience", "related", *(("source",) if entry.lang == EASY else ())):
                if getattr(entry, field) != getattr(first, field):
                    yield Problem(path_of(knowledge, entry), 0, f"'{field}' differs from the language '{first.lang}'")


def _duplicates(knowledge: Knowledge) -> Iterator[Problem]:
    for field in ("questions", "title"):
        seen: dict[tuple[str, str], Entry] = {}
        for entry in knowledge.entries:
            value = getattr(entry, field)
            for text in (value,) if isinstance(value, str) else value:
                first = seen.setdefault((entry.lang, text.casefold().strip(" ?!.")), entry)
                if first is not entry or (field == "questions" and _repeats(entry, text)):
                    message = f"'{text}' stands in the entry '{first.id}' too"
                    yield Problem(path_of(knowledge, entry), 0, message)


def _repeats(entry: Entry, question: str) -> bool:
    return sum(question.casefold() == other.casefold() for other in entry.questions) > 1


def _phrases(knowledge: Knowledge) -> Iterator[Problem]:
    questions = {question.casefold(): entry for entry in knowledge.entries for question in entry.questions}
    for intent in knowledge.intents:
        for _, phrase in intent.phrases:
            if entry := questions.get(phrase.casefold()):
                path = knowledge.folder / "intents" / f"{intent.id}.yaml"
                yield Problem(path, 0, f"'{phrase}' is an example question of the entry '{entry.id}' too")


def _selfchecks(knowledge: Knowledge) -> Iterator[Problem]:
    known = {entry.id for entry in knowledge.entries if entry.layer is not Layer.GAP}
    steps = {step.number for step in knowledge.steps}
    first = next(iter(knowledge.selfchecks), None)
    for check in knowledge.selfchecks:
        path = knowledge.folder / SELFCHECK / f"{check.lang}.yaml"
        for question in check.questions:
            if question.entry not in known:
                yield Problem(path, 0, f"{question.id}: there is no entry '{question.entry}' that answers")
            if question.step not in steps:
                yield Problem(path, 0, f"{question.id}: there is no step {question.step} of the introduction")
        if first and _outline(check) != _outline(first):
            yield Problem(path, 0, f"groups, ids, entries or steps differ from the language '{first.lang}'")


def _outline(check: SelfCheck) -> list[tuple[str, str, str, int]]:
    return [(question.id, question.group.id, question.entry, question.step) for question in check.questions]


def _topics(knowledge: Knowledge) -> Iterator[Problem]:
    known = {entry.id for entry in knowledge.entries if entry.layer is not Layer.DOCUMENT}
    for contact in knowledge.contacts:
        for topic in contact.topics:
            if topic not in known:
                message = f"the contact '{contact.id}' has the topic '{topic}', which is no entry"
                yield Problem(knowledge.folder / "contacts.yaml", 0, message)


def _easy(knowledge: Knowledge) -> Iterator[Problem]:
    own = knowledge.folder / WORDS
    allowed = read_allowed(own) if own.is_file() else frozenset[str]()
    paths = [path for folder in ("content", "intro") for path in (knowledge.folder / folder / EASY).glob("*.md")]
    for path in sorted((*paths, *(knowledge.folder / SELFCHECK).glob(f"{EASY}.yaml"))):
        yield from (Problem(path, line, message) for line, message in breaches(_own_words(path), allowed))


def _own_words(path: Path) -> str:
    """A file's text, its front matter cut down to what people read, every line in its place."""
    if path.suffix == ".yaml":
        return "\n".join(map(_value, read_text(path).splitlines()))
    _, front, body = read_text(path).split("---\n", 2)
    return "\n".join(("", *(_value(line) for line in front.splitlines()), "", body))


def _value(line: str) -> str:
    key, colon, value = line.strip().removeprefix("- ").partition(":")
    if not colon or not key.islower() or not key.isalpha():
        return line.strip()
    return "" if key in _NO_WORDS else value.strip(" \"'|-")
