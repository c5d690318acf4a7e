"""What the page asks for, checked for its form."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Action(BaseModel):
    """What is asked for; what we do not know is passed over."""

    model_config = ConfigDict(frozen=True)


class SendTextAction(Action):
    """A text in a chat."""

    person: int
    chat: int
    topic: int | None = None
    text: Annotated[str, Field(min_length=1)]
    reply_to: int | None = None


class EditAction(Action):
    """Another text for a message."""

    person: int
    chat: int
    message: int
    text: Annotated[str, Field(min_length=1)]


class TapAction(Action):
    """A tap on a button."""

    person: int
    chat: int
    message: int
    data: str


class SendMediaAction(Action):
    """Something that is no text; ``bytes`` in base64."""

    person: int
    chat: int
    topic: int | None = None
    kind: Literal["photo", "document", "voice", "contact", "location", "sticker"]
    name: Annotated[str, Field(max_length=200)] = ""
    caption: str = ""
    bytes: str = ""


class PersonAction(Action):
    """One of the people."""

    person: int


class StartAction(Action):
    """A deep link; without a parameter the button that starts the bot."""

    person: int
    parameter: str = ""


class InlineAction(Action):
    """Something after the bot's name."""

    person: int
    query: Annotated[str, Field(max_length=256)]


class ChooseAction(Action):
    """One of the results that the bot offered for an inline query, sent in a chat."""

    person: int
    chat: int
    topic: int | None = None
    query: str
    result: str


class AddPersonAction(Action):
    """Somebody who joins the cast."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    lang: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]{2,4})?$")] = "de"
    adviser: bool = False


class TopicAction(Action):
    """A topic of the advisers' group."""

    topic: int


class FaultAction(Action):
    """What is to go wrong; without a method with any call but one for updates."""

    kind: Literal["rate_limit", "server_error", "timeout", "lost", "none"]
    method: str = ""
    times: Annotated[int, Field(ge=1, le=100)] = 1
