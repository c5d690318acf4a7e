"""The whole conversation: what a person did -> what the bot says and keeps. Reads the store, never writes it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.answer import ENTRY, TALK, THUMB, Answer, Answerer, Status
from bot.flows import intro, request
from bot.language import OURS
from bot.menu import MEANING
from bot.model import (
    Button,
    Card,
    Change,
    Event,
    Feedback,
    Forget,
    Kind,
    Message,
    Request,
    Say,
    Stage,
    State,
    Toast,
    Turn,
)
from bot.store.protocol import Store
from knowledge.contacts import Contact
from knowledge.intro import Step
from prompts.render import label, render

LANG, DELETE, GO = "l:", "d:", "go:"  # callback data
PRIVATE = frozenset(("beratung", "meinedaten", "loeschen"))  # never in front of a group
LONG_TEXT = 2_000  # characters above which the bot says that it read the beginning only
MAX_SHOWN = 3_000  # characters of a person's data shown in one message


@dataclass(frozen=True, slots=True)
class Advisers:
    """Who advises: the chat that receives requests, and the people who may act as advisers."""

    chat_id: int | None = None
    ids: frozenset[int] = frozenset()

    def includes(self, event: Event) -> bool:
        """Whether this person may act as an adviser, here."""
        return event.user_id in self.ids or event.chat_id == self.chat_id


@dataclass(frozen=True, slots=True)
class Dialogue:
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

    def handle(self, state: State, event: Event) -> Turn:
        """The turn of the conversation that this event brings."""
        if event.reply_to is not None and event.kind is Kind.TEXT:
            found = self.store.request_of(event.chat_id, event.reply_to)
            if found and (relayed := self._relay(state, event, found)):
                return relayed
        if event.chat_id == self.advisers.chat_id and event.kind in (Kind.TEXT, Kind.EDITED, Kind.OTHER):
            return Turn(state)  # advisers talk among themselves
        match event.kind:
            case Kind.COMMAND:
                return self._command(state, event)
            case Kind.BUTTON:
                return self._button(state, event)
            case Kind.TEXT:
                return self._text(state, event)
            case Kind.EDITED:
                return self._edited(state, event)
            case Kind.OTHER:
                return self._say(state, event, "unsupported")

    def lang(self, state: State, event: Event) -> str:
        """The language of what is no answer to a question: chosen, else Telegram's, else the default."""
        code = event.language_code[:2].lower()
        return state.lang or (code if code in OURS else self.default_lang)

    def _say(self, state: State, event: Event, template: str, **values: object) -> Turn:
        return Turn(state, (Say(render(template, self.lang(state, event), **values)),))

    # texts

    def _text(self, state: State, event: Event) -> Turn:
        if state.stage is Stage.ASKED:
            return request.confirm(state, event, self.contact, self.lang(state, event))
        if state.stage is Stage.CONFIRM:
            return self._say(state, event, "request_pending")
        return self._question(state, event)

    def _question(self, state: State, event: Event) -> Turn:
        if not event.text.strip():
            return self._say(state, event, "ask")
        answer = self.answerer.answer(event.text, event.language_code, state.lang)
        html = answer.html
        if len(event.text) > LONG_TEXT:
            html = f"<i>{render('long_text', answer.lang)}</i>\n\n{html}"
        reply_to = None if event.private else event.message_id
        say = Say(html, self.answerer.keyboard(answer), question=event.message_id, reply_to=reply_to)
        return Turn(self._remember(state, event, answer), (say,))

    def _remember(self, state: State, event: Event, answer: Answer) -> State:
        if answer.status is Status.SMALLTALK:
            return state
        entry = answer.sources[0].entry if answer.sources else ""
        keep = answer.status is Status.CONSULTATION  # the question before the wish is what the advice is about
        question = state.last_question if keep else event.text[:500]
        return replace(state, last_question=question, last_entry=entry)

    def _edited(self, state: State, event: Event) -> Turn:
        if state.stage is not Stage.NONE or not event.text.strip():
            return Turn(state)
        answer = self.answerer.answer(event.text, event.language_code, state.lang)
        change = Change(answer.html, self.answerer.keyboard(answer), question=event.message_id)
        return Turn(self._remember(state, event, answer), (change,))

    # commands

    def _command(self, state: State, event: Event) -> Turn:
        lang = self.lang(state, event)
        meaning = MEANING.get(event.command, "")
        if meaning in PRIVATE and not event.private:
            return self._say(state, event, "private_only")
        match meaning:
            case "start":
                return self._start(state, event, event.text.strip())
            case "frage":
                return self._question(state, event)
            case "einfuehrung":
                return intro.show_step(state, event, self.steps, state.step or 1, lang)
            case "beratung":
                return request.ask(state, self.contact, lang)
            case "kontakt":
                return Turn(state, (Say(render("contact", lang, contact=self.contact)), self._card()))
            case "sprache":
                buttons = tuple(Button(label(name, lang), f"{LANG}{name[:2]}") for name in ("german", "english"))
                codes = tuple(
                    replace(button, data=f"{LANG}{code}") for button, code in zip(buttons, OURS, strict=True)
                )
                return Turn(state, (Say(render("language", lang), (codes,)),))
            case "hilfe":
                return self._say(state, event, "help")
            case "datenschutz":
                return self._say(state, event, "privacy", days=self.retention_days)
            case "meinedaten":
                return self._say(state, event, "mydata", data=self._held(event))
            case "loeschen":
                buttons = (
                    Button(label("delete_yes", lang), f"{DELETE}yes"),
                    Button(label("delete_no", lang), f"{DELETE}no"),
                )
                return Turn(state, (Say(render("delete_confirm", lang), (buttons,)),))
            case "abbrechen":
                return request.cancel(state, lang)
            case "anfragen" | "status":
                return self._adviser_command(state, event)
            case _:
                return self._say(state, event, "unknown_command")

    def _start(self, state: State, event: Event, link: str) -> Turn:
        lang = self.lang(state, event)
        if link == "intro":
            return intro.show_step(state, event, self.steps, 1, lang)
        if link == "beratung":
            return request.ask(state, self.contact, lang)
        if link.startswith("frage-") and (turn := self._entry(state, event, link.removeprefix("frage-"))):
            return turn
        names = ("ask", "guide", "talk")
        keyboard = tuple((Button(label(name, lang), f"{GO}{name}"),) for name in names)
        return Turn(replace(state, stage=Stage.NONE, draft=""), (Say(render("start", lang), keyboard),))

    def _held(self, event: Event) -> str:
        held = self.store.person(event.user_id)
        text = json.dumps(held, ensure_ascii=False, indent=1, default=str)
        return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + " …"

    def _adviser_command(self, state: State, event: Event) -> Turn:
        if not self.advisers.includes(event):
            return self._say(state, event, "adviser_only")
        if event.command == "status":
            return self._say(state, event, "status", **self.status())
        return self._say(state, event, "adviser_requests", requests=self.store.requests("open")[:30])

    # buttons

    def _button(self, state: State, event: Event) -> Turn:
        lang, data = self.lang(state, event), event.text
        gone = Turn(state, (Toast(label("gone", lang)),))
        if data.startswith(ENTRY):
            turn = self._entry(state, event, data.removeprefix(ENTRY))
            return replace(turn, messages=(*turn.messages, Toast())) if turn else gone
        if data.startswith(intro.STEP) and data.removeprefix(intro.STEP).isdecimal():
            return intro.show_step(state, event, self.steps, int(data.removeprefix(intro.STEP)), lang)
        if data.startswith(THUMB):
            value, _, entry = data.removeprefix(THUMB).partition(":")
            known = value in ("0", "1") and self.answerer.show(entry, lang) is not None
            toast = (Toast(label("thanks_feedback", lang)),)
            return Turn(state, toast, (Feedback(entry, int(value)),)) if known else gone
        if data in (TALK, f"{GO}talk"):
            if not event.private:
                return self._with_toast(self._say(state, event, "private_only"))
            return self._with_toast(request.ask(state, self.contact, lang))
        if data == f"{GO}ask":
            return self._with_toast(self._say(state, event, "ask"))
        if data == f"{GO}guide":
            turn = intro.show_step(state, replace(event, kind=Kind.COMMAND), self.steps, 1, lang)
            return self._with_toast(turn)
        if data.removeprefix(LANG) in OURS and data.startswith(LANG):
            chosen = data.removeprefix(LANG)
            return Turn(replace(state, lang=chosen), (Say(label("language_set", chosen)), Toast()))
        if data == f"{DELETE}yes":
            rows = sum(map(len, self.store.person(event.user_id).values()))
            return Turn(State(lang=state.lang), (Say(render("deleted", lang, rows=rows)), Toast()), (Forget(),))
        if data == f"{DELETE}no":
            return self._with_toast(self._say(state, event, "kept"))
        if state.stage is Stage.CONFIRM:
            return self._confirmed(state, event, lang) or gone
        return gone

    def _confirmed(self, state: State, event: Event, lang: str) -> Turn | None:
        if event.text == request.SEND:
            return request.send(state, event, self.contact, self.advisers.chat_id, self.reference(), lang)
        if event.text == request.EDIT:
            return self._with_toast(request.ask(state, self.contact, lang))
        if event.text == request.CANCEL:
            return self._with_toast(request.cancel(state, lang))
        return None

    def _with_toast(self, turn: Turn) -> Turn:
        return replace(turn, messages=(*turn.messages, Toast()))

    def _entry(self, state: State, event: Event, entry_id: str) -> Turn | None:
        answer = self.answerer.show(entry_id, self.lang(state, event))
        if answer is None:
            return None
        say: Message = Say(answer.html, self.answerer.keyboard(answer))
        return Turn(replace(state, last_entry=entry_id), (say,))

    def _card(self) -> Card:
        return Card(self.contact.name, self.contact.phone, self.contact.email, self.contact.role)

    # between a requester and the advisers

    def _relay(self, state: State, event: Event, found: Request) -> Turn | None:
        if event.chat_id == self.advisers.chat_id:
            html = render("adviser_reply", found.lang, number=found.reference, text=event.text)
            done = render("adviser_relayed", "de", number=found.reference)
            return Turn(state, (Say(html, chat_id=found.chat_id, request=found.reference), Say(done)))
        if self.advisers.chat_id is None or event.user_id != found.user_id:
            return None
        html = render("adviser_brief", "de", number=found.reference, name=event.name, text=event.text)
        return Turn(state, (Say(html, chat_id=self.advisers.chat_id, request=found.reference),))
