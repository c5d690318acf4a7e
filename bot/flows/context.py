"""The input of every flow: the services wired at start, and the context of one turn."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from bot.answering.answerer import Answerer
from bot.answering.crisis import CrisisDetector
from bot.answering.language import SUPPORTED_LANGUAGES
from bot.domain.absence import Absence
from bot.domain.calendar import find_absence
from bot.domain.consultation import Request, RequestStatus
from bot.domain.event import MESSAGE_KINDS, Event, EventKind
from bot.domain.message import AnswerCallback, Attachment, EditMessage, Keyboard, SendMessage
from bot.domain.turn import State, Turn
from bot.store import Store
from knowledge.records.contacts import Contact, default_contact
from knowledge.records.intro import IntroStep, steps_in_language
from knowledge.records.selfcheck import SelfCheck
from prompts.render import render_template


@dataclass(frozen=True, slots=True)
class Advisers:
    """The chat that receives requests, and the ids of people who may always act as advisers.

    Attributes:
        desks: further chats by name, for the contacts whose requests go there.
    """

    chat_id: int | None = None
    ids: frozenset[int] = frozenset()
    desks: Mapping[str, int] = field(default_factory=dict)

    def includes(self, event: Event) -> bool:
        """Return whether the person may act as an adviser, according to the settings or to Telegram."""
        return event.user_id in self.ids or event.in_adviser_chat


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that a turn depends on besides state and event.

    Attributes:
        new_reference: makes the reference of a new request.
        read_status: returns the values of the template "status".
        retention_days: days that personal data are stored.
        now: returns Unix time.
        sends_mail: whether requests are sent by e-mail.
        answer_days: working days within which an answer is promised; 0: no date is promised.
        close_days: days of silence after which a request is closed.
        away: when the advisers are away, according to the settings.
        operator: who runs the bot; "" if the settings do not say.
        username: the bot's Telegram username, used in links; "" without Telegram.
        new_code: makes the code that a team shares for the self-check.
        crisis_detector: recognises who needs help at once.
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
    crisis_detector: CrisisDetector
    command_words: Mapping[str, str]  # simplified message -> command and what follows it
    away: tuple[Absence, ...] = ()

    @property
    def contact(self) -> Contact:
        """The contact shown by default."""
        return default_contact(self.contacts)

    @property
    def absences(self) -> tuple[Absence, ...]:
        """When the advisers are away, according to the settings and to what they said in their chat."""
        return (*self.away, *self.store.absences.load_absences())

    @property
    def adviser_chat(self) -> int | None:
        """The current id of the advisers' chat, read from the store; None if there is no such chat."""
        return None if self.advisers.chat_id is None else self.store.outbox.current_chat_id(self.advisers.chat_id)

    @property
    def desk_chats(self) -> tuple[int, ...]:
        """The current ids of all chats of advisers, first of that for all requests without another one."""
        main_chat = self.adviser_chat
        further_chats = (self.store.outbox.current_chat_id(chat_id) for chat_id in self.advisers.desks.values())
        return () if main_chat is None else (main_chat, *further_chats)

    def find_desk(self, request: Request) -> int | None:
        """Return the chat of the advisers of a request: that of its contact, else the one for all other requests."""
        desk = next((contact.desk for contact in self.contacts if contact.id == request.contact), "")
        if self.adviser_chat is None or desk not in self.advisers.desks:
            return self.adviser_chat
        return self.store.outbox.current_chat_id(self.advisers.desks[desk])

    def find_own_desk(self, chat_id: int) -> int | None:
        """Return a chat's id if advisers have it, else that of the chat for all requests without another one."""
        return chat_id if self.advisers.desks and chat_id in self.desk_chats else self.adviser_chat


@dataclass(frozen=True)
class TurnContext:
    """One event to be answered, and the person's state before it.

    Created once per update; reads from the store happen at most once per context.
    """

    services: Services
    state: State
    event: Event

    @property
    def lang(self) -> str:
        """The person's language: their choice, else that of their Telegram, else the default."""
        code = self.event.language_code[:2].lower()
        return self.state.lang or (code if code in SUPPORTED_LANGUAGES else self.services.default_lang)

    @property
    def path(self) -> tuple[IntroStep, ...]:
        """The steps of the introduction in the person's language."""
        return steps_in_language(self.services.steps, self.lang)

    @cached_property
    def adviser_chat(self) -> int | None:
        """The current id of the advisers' chat: the event's, if it is one; None if there is no such chat."""
        return self.services.find_own_desk(self.event.chat_id)

    @property
    def reaches_advisers(self) -> bool:
        """Whether requests reach anybody: in the advisers' chat or by e-mail."""
        return self.adviser_chat is not None or self.services.sends_mail

    @cached_property
    def absence(self) -> Absence | None:
        """The absence of the advisers in which a message written now waits."""
        return find_absence(self.services.now(), self.services.absences)

    @cached_property
    def requests(self) -> list[Request]:
        """The person's own requests, newest first."""
        return self.services.store.requests.requests_by_user(self.event.user_id)

    @property
    def open_requests(self) -> list[Request]:
        """The person's own requests that are not closed, newest first."""
        return [request for request in self.requests if request.status is not RequestStatus.CLOSED]

    @cached_property
    def blocked_until(self) -> float:
        """Until when the advisers block the person; 0 if they do not."""
        until = self.services.store.desk.blocked_until(self.event.user_id)
        return until if until > self.services.now() else 0.0

    @property
    def is_blocked(self) -> bool:
        """Whether the advisers block the person now."""
        return bool(self.blocked_until)

    @property
    def active_conversation(self) -> Request | None:
        """The person's own request whose conversation with an adviser is in progress."""
        conversations = [request for request in self.requests if request.talking]
        return max(conversations, key=lambda request: request.since, default=None)

    @cached_property
    def crisis_language(self) -> str:
        """The language in which the event's text says that somebody needs help at once; "" if it does not.

        It is stored and logged nowhere. What nobody wrote to the bot is not looked at, nor what advisers write.
        """
        event = self.event
        is_text = event.kind in (*MESSAGE_KINDS, EventKind.COMMAND) and event.addressed and bool(event.text)
        if not is_text or event.chat_id == self.adviser_chat:
            return ""
        return self.services.crisis_detector.find_language(event.text)

    def with_state(self, state: State) -> "TurnContext":
        """Return this context with another state; values already read from the store stay cached."""
        context = replace(self, state=state)
        vars(context).update({**vars(self), "state": state})
        return context

    def change(self, **fields: Any) -> "TurnContext":
        """Return this context with some fields of its state replaced."""
        return self.with_state(replace(self.state, **fields))

    def say(self, template: str, **values: object) -> Turn:
        """Return the turn that only sends a template's text."""
        return self.reply(render_template(template, self.lang, **values))

    def reply(self, html: str, keyboard: Keyboard = ()) -> Turn:
        """Return the turn that only sends a message."""
        return Turn(self.state, (SendMessage(html, keyboard),))

    def toast(self, text: str) -> Turn:
        """Return the turn that only answers the tap, with a short plain text."""
        return Turn(self.state, (AnswerCallback(text),))

    def edit_tapped(self, html: str, keyboard: Keyboard = (), attachment: Attachment | None = None) -> EditMessage:
        """Return the change of the message whose button was tapped."""
        return EditMessage(html, keyboard, message_id=self.event.message_id, attachment=attachment)

    def send_or_edit(
        self,
        html: str,
        keyboard: Keyboard = (),
        *,
        edited_by: str | tuple[str, ...],
        attachment: Attachment | None = None,
    ) -> Turn:
        """Return the turn that edits the tapped message if its callback data start with ``edited_by``.

        After any other event it sends a new message.
        """
        if self.event.kind is EventKind.BUTTON and self.event.text.startswith(edited_by):
            return Turn(self.state, (self.edit_tapped(html, keyboard, attachment),))
        return Turn(self.state, (SendMessage(html, keyboard, attachment=attachment),))


EventHandler = Callable[[TurnContext], Turn]
CallbackHandler = Callable[[TurnContext, str], Turn | None]  # takes the rest of the data; None: no longer valid


def dispatch_action(handlers: Mapping[str, CallbackHandler], context: TurnContext, data: str) -> Turn | None:
    """Call the handler of the action named up to the colon, with the rest; None if there is no such action."""
    action, _, value = data.partition(":")
    handler = handlers.get(action)
    return handler(context, value) if handler else None
