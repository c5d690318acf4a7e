"""What the page asks for, checked for its form."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Act(BaseModel):
    """What is asked for; what we do not know is passed over."""

    model_config = ConfigDict(frozen=True)


class Say(Act):
    """A text in a chat."""

    person: int
    chat: int
    topic: int | None = None
    text: Annotated[str, Field(min_length=1)]
    reply_to: int | None = None


class Edit(Act):
    """Another text for a message."""

    person: int
    chat: int
    message: int
    text: Annotated[str, Field(min_length=1)]


class Tap(Act):
    """A tap on a button."""

    person: int
    chat: int
    message: int
    data: str


class Send(Act):
    """Something that is no text; ``bytes`` in base64."""

    person: int
    chat: int
    topic: int | None = None
    kind: Literal["photo", "document", "voice", "contact", "location", "sticker"]
    name: Annotated[str, Field(max_length=200)] = ""
    caption: str = ""
    bytes: str = ""


class Person(Act):
    """One of the people."""

    person: int


class Start(Act):
    """A deep link; without a parameter the button that starts the bot."""

    person: int
    parameter: str = ""


class Inline(Act):
    """Something after the bot's name."""

    person: int
    query: Annotated[str, Field(max_length=256)]


class Choose(Act):
    """One of the results that the bot offered for an inline query, sent in a chat."""

    person: int
    chat: int
    topic: int | None = None
    query: str
    result: str


class NewPerson(Act):
    """Somebody who joins the cast."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    lang: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]{2,4})?$")] = "de"
    adviser: bool = False


class Topic(Act):
    """A topic of the advisers' group."""

    topic: int


class FaultWanted(Act):
    """What is to go wrong; without a method with any call but one for updates."""

    kind: Literal["rate_limit", "server_error", "timeout", "lost", "none"]
    method: str = ""
    times: Annotated[int, Field(ge=1, le=100)] = 1
