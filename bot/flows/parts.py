"""What every flow is given, and the shape that all flows share."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.answer import Answerer
from bot.language import OURS
from bot.model import Event, Say, State, Turn
from bot.store.protocol import Store
from knowledge.contacts import Contact
from knowledge.intro import Step
from prompts.render import render


@dataclass(frozen=True, slots=True)
class Advisers:
    """Who advises: the chat that receives requests, and the people who may act as advisers."""

    chat_id: int | None = None
    ids: frozenset[int] = frozenset()

    def includes(self, event: Event) -> bool:
        """Whether this person may act as an adviser, here."""
        return event.user_id in self.ids or event.chat_id == self.chat_id


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything a reply depends on, wired once. ``reference`` makes a new request's reference."""

    answerer: Answerer
    store: Store
    contact: Contact
    steps: tuple[Step, ...]
    advisers: Advisers
    reference: Callable[[], str]
    status: Callable[[], dict[str, object]]
    default_lang: str
    retention_days: int

    def lang(self, state: State, event: Event) -> str:
        """The language of what is no answer to a question: chosen, else Telegram's, else the default."""
        code = event.language_code[:2].lower()
        return state.lang or (code if code in OURS else self.default_lang)

    def say(self, state: State, event: Event, template: str, **values: object) -> Turn:
        """The turn that only says a template's text."""
        return Turn(state, (Say(render(template, self.lang(state, event), **values)),))


Flow = Callable[[Parts, State, Event], Turn]
