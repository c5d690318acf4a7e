"""The steps of the guided introduction, read from intro/<lang>/NN-name.md; their pictures lie beside them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from knowledge.errors import ContentError, Problem
from knowledge.parsing.front_matter import YamlReader
from knowledge.parsing.plain_text import markdown_to_plain
from knowledge.parsing.text_file import read_text_file

INTRO_AUDIENCES = ("npo", "stiftung", "kommune", "unternehmen", "engagierte", "neugierige")
PICTURES_FOLDER = "pictures"  # the folder beside the languages
MAX_STEP_LENGTH = 600  # of text, example and question: what is read before anything is tapped
MAX_REPLY_LENGTH = 280
MAX_TITLE_LENGTH = 48
MAX_CHOICE_LENGTH = 40
MAX_ALT_LENGTH = 300
_FILE_FORMAT = re.compile(r"\A---\n(.*?)\n---\n(.*)\Z", re.S)
_FILE_NAME = re.compile(r"\d\d-([a-z0-9]+(?:-[a-z0-9]+)*)")
_REQUIRED_KEYS = ("title", "entries", "picture", "alt", "ask", "choices")


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer to a step's question, what the bot replies to it, and the entry to read on, where it has its own."""

    text: str
    reply: str
    entry: str = ""


@dataclass(frozen=True, slots=True)
class IntroStep:
    """One step in one language. ``number`` counts from 1; ``entries`` are what to read on; ``body`` is Markdown.

    Attributes:
        name: of its file, without the number: the same in every language.
        picture: name of a PNG file, without its ending; ``alt`` says what it shows.
        ask, choices: the question at its end, and the answers to it.
        examples: by audience, a paragraph that stands below the text; empty where it is the same for all.
    """

    number: int
    lang: str
    name: str
    title: str
    entries: tuple[str, ...]
    body: str
    picture: str
    alt: str
    ask: str
    choices: tuple[Choice, ...]
    examples: Mapping[str, str] = field(default_factory=dict)

    def text_for_audience(self, audience: str) -> str:
        """What this audience reads, as Markdown; one that is not known reads what the curious read."""
        example = self.examples.get(audience) or self.examples.get(INTRO_AUDIENCES[-1], "")
        return f"{self.body}\n\n{example}".rstrip()


def read_steps(folder: Path) -> tuple[IntroStep, ...]:
    """All steps, by language and number. Raises ContentError with every problem found."""
    steps: list[IntroStep] = []
    problems: list[Problem] = []
    for lang_folder in sorted(path for path in folder.glob("*") if path.is_dir() and path.name != PICTURES_FOLDER):
        for number, path in enumerate(sorted(lang_folder.glob("*.md")), start=1):
            try:
                steps.append(_read_step(path, lang_folder.name, number))
            except ContentError as error:
                problems += error.problems
    if problems:
        raise ContentError(problems)
    return tuple(steps)


def steps_in_language(steps: Iterable[IntroStep], lang: str) -> tuple[IntroStep, ...]:
    """The whole path in a language; a step that it lacks is that of the language it belongs to ('de' of 'de-leicht').

    A language that has none reads the first that has.
    """
    all_steps = tuple(steps)
    base_lang = lang.partition("-")[0]
    path = [step for step in all_steps if step.lang == base_lang] or [
        step for step in all_steps if step.lang == all_steps[0].lang
    ]
    translated = {step.name: step for step in all_steps if step.lang == lang}
    return tuple(translated.get(step.name, step) for step in path)


def _read_step(path: Path, lang: str, number: int) -> IntroStep:
    match, name = _FILE_FORMAT.match(read_text_file(path)), _FILE_NAME.fullmatch(path.stem)
    if match is None:
        raise ContentError([Problem(path, 1, "expected front matter between two lines '---' and a text below")])
    if name is None:
        raise ContentError([Problem(path, 0, "the file name must be two digits, a hyphen, and a-z, 0-9, hyphens")])
    reader = YamlReader(path)
    root = reader.parse_root(match[1])
    if reader.problems:
        raise ContentError(reader.problems)
    values = reader.read_mapping(root, _REQUIRED_KEYS, ("examples",))
    step = IntroStep(
        number,
        lang,
        name[1],
        title=reader.read_string(values.get("title"), "title", MAX_TITLE_LENGTH),
        entries=tuple(
            reader.read_string(item, "entries", 50) for item in reader.read_list(values.get("entries"), "entries")
        ),
        body=match[2].strip(),
        picture=reader.read_string(values.get("picture"), "picture", 40),
        alt=reader.read_string(values.get("alt"), "alt", MAX_ALT_LENGTH),
        ask=reader.read_string(values.get("ask"), "ask", MAX_STEP_LENGTH),
        choices=tuple(_read_choice(reader, item) for item in reader.read_list(values.get("choices"), "choices")),
        examples={
            audience: reader.read_string(node, audience, MAX_STEP_LENGTH)
            for audience, node in (
                reader.read_mapping(values["examples"], INTRO_AUDIENCES) if "examples" in values else {}
            ).items()
        },
    )
    picture = Path(f"{step.picture}.png").name  # never one from another folder
    if "picture" in values and not (path.parents[1] / PICTURES_FOLDER / picture).is_file():
        reader.add_problem(values["picture"], f"there is no picture '{step.picture}.png' in intro/{PICTURES_FOLDER}")
    if not step.body:
        reader.add_problem(None, "the text below the front matter is empty")
    for audience in step.examples or ("",):
        length = len(markdown_to_plain(step.text_for_audience(audience))) + len(step.ask)
        if length > MAX_STEP_LENGTH:
            audience_note = f" for '{audience}'" if audience else ""
            message = f"text and question{audience_note} have {length} characters; at most {MAX_STEP_LENGTH} fit"
            reader.add_problem(values.get("examples", root), message)
    if reader.problems:
        raise ContentError(reader.problems)
    return step


def _read_choice(reader: YamlReader, node: yaml.Node) -> Choice:
    values = reader.read_mapping(node, ("text", "reply"), ("entry",))
    return Choice(
        reader.read_string(values.get("text"), "text", MAX_CHOICE_LENGTH),
        reader.read_string(values.get("reply"), "reply", MAX_REPLY_LENGTH),
        reader.read_string(values.get("entry"), "entry", 50),
    )
