"""The steps of the guided introduction, read from intro/<lang>/NN-name.md; their pictures lie beside them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from knowledge.errors import ContentError, Problem
from knowledge.parsing.front_matter import Front
from knowledge.parsing.plain_text import plain
from knowledge.parsing.text_file import read_text

AUDIENCES = ("npo", "stiftung", "kommune", "unternehmen", "engagierte", "neugierige")
PICTURES = "pictures"  # the folder beside the languages
MAX_CHARACTERS = 600  # of text, example and question: what is read before anything is tapped
MAX_REPLY = 280
MAX_TITLE = 48
MAX_CHOICE = 40
MAX_ALT = 300
_FILE = re.compile(r"\A---\n(.*?)\n---\n(.*)\Z", re.S)
_NAME = re.compile(r"\d\d-([a-z0-9]+(?:-[a-z0-9]+)*)")
_NEEDED = ("title", "entries", "picture", "alt", "ask", "choices")


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer to a step's question, what the bot replies to it, and the entry to read on, where it has its own."""

    text: str
    reply: str
    entry: str = ""


@dataclass(frozen=True, slots=True)
class Step:
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

    def text(self, audience: str) -> str:
        """What this audience reads, as Markdown; one that is not known reads what the curious read."""
        example = self.examples.get(audience) or self.examples.get(AUDIENCES[-1], "")
        return f"{self.body}\n\n{example}".rstrip()


def read_steps(folder: Path) -> tuple[Step, ...]:
    """All steps, by language and number. Raises ContentError with every problem found."""
    steps: list[Step] = []
    problems: list[Problem] = []
    for lang in sorted(path for path in folder.glob("*") if path.is_dir() and path.name != PICTURES):
        for number, path in enumerate(sorted(lang.glob("*.md")), start=1):
            try:
                steps.append(_read_step(path, lang.name, number))
            except ContentError as error:
                problems += error.problems
    if problems:
        raise ContentError(problems)
    return tuple(steps)


def steps_in(steps: Iterable[Step], lang: str) -> tuple[Step, ...]:
    """The whole path in a language; a step that it lacks is that of the language it belongs to ('de' of 'de-leicht').

    A language that has none reads the first that has.
    """
    known = tuple(steps)
    base = lang.partition("-")[0]
    path = [step for step in known if step.lang == base] or [step for step in known if step.lang == known[0].lang]
    own = {step.name: step for step in known if step.lang == lang}
    return tuple(own.get(step.name, step) for step in path)


def _read_step(path: Path, lang: str, number: int) -> Step:
    match, name = _FILE.match(read_text(path)), _NAME.fullmatch(path.stem)
    if match is None:
        raise ContentError([Problem(path, 1, "expected front matter between two lines '---' and a text below")])
    if name is None:
        raise ContentError([Problem(path, 0, "the file name must be two digits, a hyphen, and a-z, 0-9, hyphens")])
    front = Front(path)
    root = front.root(match[1])
    if front.problems:
        raise ContentError(front.problems)
    values = front.keys(root, _NEEDED, ("examples",))
    step = Step(
        number,
        lang,
        name[1],
        title=front.text(values.get("title"), "title", MAX_TITLE),
        entries=tuple(front.text(item, "entries", 50) for item in front.items(values.get("entries"), "entries")),
        body=match[2].strip(),
        picture=front.text(values.get("picture"), "picture", 40),
        alt=front.text(values.get("alt"), "alt", MAX_ALT),
        ask=front.text(values.get("ask"), "ask", MAX_CHARACTERS),
        choices=tuple(_choice(front, item) for item in front.items(values.get("choices"), "choices")),
        examples={
            audience: front.text(node, audience, MAX_CHARACTERS)
            for audience, node in (front.keys(values["examples"], AUDIENCES) if "examples" in values else {}).items()
        },
    )
    picture = Path(f"{step.picture}.png").name  # never one from another folder
    if "picture" in values and not (path.parents[1] / PICTURES / picture).is_file():
        front.wrong(values["picture"], f"there is no picture '{step.picture}.png' in intro/{PICTURES}")
    if not step.body:
        front.wrong(None, "the text below the front matter is empty")
    for audience in step.examples or ("",):
        length = len(plain(step.text(audience))) + len(step.ask)
        if length > MAX_CHARACTERS:
            whom = f" for '{audience}'" if audience else ""
            message = f"text and question{whom} have {length} characters; at most {MAX_CHARACTERS} fit"
            front.wrong(values.get("examples", root), message)
    if front.problems:
        raise ContentError(front.problems)
    return step


def _choice(front: Front, node: yaml.Node) -> Choice:
    values = front.keys(node, ("text", "reply"), ("entry",))
    return Choice(
        front.text(values.get("text"), "text", MAX_CHOICE),
        front.text(values.get("reply"), "reply", MAX_REPLY),
        front.text(values.get("entry"), "entry", 50),
    )
