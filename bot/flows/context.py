"""What every flow is given, and the shape that all flows share."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.answering.answerer import Answerer
from bot.answering.language import SUPPORTED_LANGUAGES
from bot.domain.event import Event
from bot.domain.message import SendMessage
from bot.domain.turn import State, Turn
from bot.store.protocol import Store
from knowledge.records.contacts import Contact, default_contact
from knowledge.records.intro import IntroStep
from knowledge.records.selfcheck import SelfCheck
from prompts.render import render_template


@dataclass(frozen=True, slots=True)
class Advisers:
    """Who advises: the chat that receives requests, and the people who may act as advisers."""

    chat_id: int | None = None
    ids: frozenset[int] = frozenset()

    def includes(self, event: Event) -> bool:
        """Whether this person may act as an adviser, as far as Telegram says now."""
        return event.user_id in self.ids or event.in_adviser_chat


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a reply depends on, wired once.

    Attributes:
        reference: makes a new request's reference.
        code: makes the code under which several people fill in the self-check.
        now: Unix time.
        mail: whether requests go out by e-mail.
        answer_days: working days within which an answer is promised.
        close_days: days of silence after which a request is closed.
        operator: who runs the bot, as the settings say; "" where they do not.
        username: the bot's name in links, known once Telegram is reached; "" without Telegram.
    """

    answerer: Answerer
    store: Store
    contacts: tuple[Contact, ...]
    steps: tuple[IntroStep, ...]
    advisers: Advisers
    new_reference: Callable[[], str]
    read_status: Callable[[], dict[str, object]]
    default_lang: str
    retention_days: int
    now: Callable[[], float]
    sends_mail: bool
    answer_days: int
    close_days: int
    operator: str
    username: str
    selfchecks: tuple[SelfCheck, ...]
    new_code: Callable[[], str]

    @property
    def contact(self) -> Contact:
        """The listed contact."""
        return default_contact(self.contacts)

    @property
    def adviser_chat(self) -> int | None:
        """The advisers' chat, under the id that it has now."""
        return None if self.advisers.chat_id is None else self.store.current_chat_id(self.advisers.chat_id)

    def lang(self, state: State, event: Event) -> str:
        """The language of what is no answer to a question: chosen, else Telegram's, else the default."""
        code = event.language_code[:2].lower()
        return state.lang or (code if code in SUPPORTED_LANGUAGES else self.default_lang)

    def say(self, state: State, event: Event, template: str, **values: object) -> Turn:
        """The turn that only says a template's text."""
        return Turn(state, (SendMessage(render_template(template, self.lang(state, event), **values)),))


EventHandler = Callable[[Services, State, Event], Turn]
