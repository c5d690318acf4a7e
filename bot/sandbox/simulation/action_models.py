"""Requests of the page to do something, validated."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Action(BaseModel):
    """A request; unknown fields are ignored."""

    model_config = ConfigDict(frozen=True)


class ChatAction(Action):
    """Something a person does in a chat; ``topic`` is for a forum."""

    person: int
    chat: int
    topic: int | None = None


class SendTextAction(ChatAction):
    """Send a text."""

    text: Annotated[str, Field(min_length=1)]
    reply_to: int | None = None


class EditAction(ChatAction):
    """Change the text of a message."""

    message: int
    text: Annotated[str, Field(min_length=1)]


class TapAction(ChatAction):
    """Tap a button."""

    message: int
    data: str


class SendMediaAction(ChatAction):
    """Send something other than a text; ``bytes`` is base64."""

    kind: Literal["photo", "document", "voice", "contact", "location", "sticker"]
    name: Annotated[str, Field(max_length=200)] = ""
    caption: str = ""
    bytes: str = ""


class AnswerMailAction(Action):
    """Answer an e-mail of the bot, as whoever received it; ``answer_to`` is its Message-ID."""

    answer_to: Annotated[str, Field(min_length=1)]
    text: Annotated[str, Field(min_length=1, max_length=100_000)]


class PersonAction(Action):
    """Something a person does without parameters."""

    person: int


class StartAction(Action):
    """Follow a deep link, or press the start button if ``parameter`` is empty."""

    person: int
    parameter: str = ""


class InlineAction(Action):
    """Type a text after the bot's name."""

    person: int
    query: Annotated[str, Field(max_length=256)]


class ChooseAction(ChatAction):
    """Send one of the results that the bot offered for an inline query."""

    query: str
    result: str


class AddPersonAction(Action):
    """Add a person."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    lang: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]{2,4})?$")] = "de"
    adviser: bool = False


class LanguageAction(Action):
    """Use a language of the page."""

    lang: Literal["de", "en"]


class TopicAction(Action):
    """Do something with a topic of the advisers' group."""

    topic: int


class LabelAction(Action):
    """Say what would have been right for a question that led to a message of the bot; None forgets what was said."""

    chat: int
    message: int
    question: Annotated[str, Field(min_length=1)]
    expect: Literal["answered", "abstained", "consultation", "smalltalk"] | None
    entry: str = ""


class FaultAction(Action):
    """Inject a fault; method "" means any call but getUpdates."""

    kind: Literal["rate_limit", "server_error", "timeout", "lost", "none"]
    method: str = ""
    times: Annotated[int, Field(ge=1, le=100)] = 1
