"""Read the stories in stories/<language>/*.yaml."""

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from knowledge.yaml_file import read_yaml

STORIES_FOLDER = Path(__file__).with_name("stories")
GROUP_KEY = "group"
ACTION_FIELDS = ("say", "tap", "link", "send", "hours")
Persona = Literal["ada", "jonas", "bea", "cem"]


class StrictModel(BaseModel):
    """A part of a story; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ScriptedStep(StrictModel):
    """One thing that a person does, and what must follow.

    Attributes:
        caption: explains it; empty if it follows quickly, under the caption before.
        at: where they do it: the private chat, the advisers' group, or its newest topic.
        tap: the beginning of a button's label.
        hours: hours by which the bot's clock advances.
        expects: by person or `group`: a part of a text that the bot must send in that chat.
    """

    caption: str = ""
    who: Persona = "ada"
    at: Literal["private", "group", "topic"] = "private"
    say: str = ""
    tap: str = ""
    link: str = ""
    send: Literal["", "photo", "document", "voice", "contact", "location"] = ""
    hours: Annotated[float, Field(ge=0)] = 0.0
    expects: dict[Literal["ada", "jonas", "bea", "cem", "group"], str] = {}

    @model_validator(mode="after")
    def _require_single_action(self) -> "ScriptedStep":
        actions = [name for name in ACTION_FIELDS if getattr(self, name)]
        if len(actions) > 1:
            raise ValueError(f"a step is one of {', '.join(ACTION_FIELDS)}, not {' and '.join(actions)}")
        return self


class Story(StrictModel):
    """A story; ``id`` is the file name without number and suffix."""

    id: str
    title: str
    about: str
    steps: tuple[ScriptedStep, ...]


@cache
def read_stories(lang: str) -> tuple[Story, ...]:
    """Return all stories in a language of the page, ordered by file name."""
    return tuple(_read_story(path) for path in sorted((STORIES_FOLDER / lang).glob("*.yaml")))


def _read_story(path: Path) -> Story:
    number, _, name = path.stem.partition("-")
    data = read_yaml(path)
    return Story.model_validate({"id": name or number, **data})
