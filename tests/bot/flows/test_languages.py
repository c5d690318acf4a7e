"""Every command, button and error is played in English and in Leichte Sprache, with a German Telegram."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.answering.answerer import Answer
from bot.domain.event import Event, EventKind
from bot.domain.message import AnswerCallback, EditMessage, Message, SendMessage
from bot.domain.turn import State, Turn
from bot.flows.callback_data import LANGUAGE_CALLBACK
from bot.flows.commands import COMMAND_HANDLERS
from bot.flows.consultation.review import consent_digest
from bot.flows.context import Advisers
from bot.flows.dialogue import Dialogue
from prompts.telegram_html import html_to_plain
from tests.support.fake_answerer import NO_ANSWER, FakeAnswerer, answer_with

EVENT = Event(1, EventKind.TEXT, 10, 10, 5, language_code="de", name="Ada")
TYPED = ("Backbone?", "Something else", "ok", "yes", "huh?", "good", "I want to die")
FORM = ("We need advice.", "Bridges", "r:kind:npo", "Kiel", "r:reach:phone", "+49 30 901820", "Tuesdays")
GERMAN = re.compile(
    r"\b(und|nicht|Sie|Ihre?[nmrs]?|für|mit|wird|oder|haben|eine[nmrs]?|zum|zur|der|das|den|ist|auf|bei|noch|alle)\b"
    r"|[äöüß]",
    re.IGNORECASE,
)
GERMAN_NAMES = re.compile(
    r"Zukunftsträger|Münsterland|TelefonSeelsorge|Hilfetelefon|Nummer gegen Kummer|Leichte Sprache"
)
LEADS_ON = re.compile(r"/[a-z]{4,}|\?|[Ww]rite|[Ss]end me|[Aa]sk me|[Ss]chreiben|[Ff]ragen|[Rr]eply|[Qq]uestion|\+49")
ENDS = re.compile(r"Thank you|Danke|That was a lot|Das war sehr oft")  # nothing needs to follow
MAX_TURNS = 1_500


class _Answerer(FakeAnswerer):
    """Answers what names its entry, in the language asked for."""

    def __init__(self, lang: str) -> None:
        super().__init__()
        self.lang = lang

    def answer_question(self, question: str, *_: object) -> Answer:
        shown = answer_with("backbone", self.lang) if "ackbone" in question else replace(NO_ANSWER, html="?")
        return replace(shown, question=question)

    def show_entry(self, entry_id: str, lang: str) -> Answer | None:
        return answer_with("backbone", lang)


class _Walk:
    """Plays one person; every button seen for the first time is tapped, in the state that showed it."""

    def __init__(self, dialogue: Dialogue, lang: str) -> None:
        self.dialogue, self.lang = dialogue, lang
        self.waiting: deque[tuple[str, State, str]] = deque()
        self.seen: set[str] = set()
        self.turns = 0
        self.texts: list[tuple[str, str]] = []  # way there, and what was read
        self.dead_ends: list[str] = []

    def play(self, way: str, state: State, event: Event) -> State:
        """Play an event, note what is read, and queue its buttons."""
        self.turns += 1
        event = replace(event, update_id=self.turns, message_id=self.turns)
        turn = replace(self.dialogue, now=lambda: 1_800_000_000.0 + 60 * self.turns).handle(state, event)
        self.dialogue.store.apply((), [effect for effect in turn.effects if "Request" in type(effect).__name__])
        shown = list(_shown(turn.messages))
        self.texts += [(way, text) for text in shown]
        for message in turn.messages:
            for button in (button for row in getattr(message, "keyboard", ()) for button in row):
                if button.data and _kind(button.data) not in self.seen:
                    self.seen.add(_kind(button.data))
                    self.waiting.append((f"{way} > {button.label}", turn.state, button.data))
        if not self._leads_on(turn, " ".join(shown)):
            self.dead_ends.append(f"{way}: {' | '.join(shown)[:120]}")
        return turn.state

    def tap_everything(self) -> None:
        """Tap what is queued, but no other language."""
        while self.waiting and self.turns < MAX_TURNS:
            way, state, data = self.waiting.popleft()
            if not data.startswith(LANGUAGE_CALLBACK) or data.endswith(f":{self.lang}"):
                self.play(way, state, replace(EVENT, kind=EventKind.BUTTON, text=data, callback_id="1"))

    def _leads_on(self, turn: Turn, text: str) -> bool:
        if any(getattr(message, "keyboard", ()) or isinstance(message, AnswerCallback) for message in turn.messages):
            return True
        return bool(LEADS_ON.search(text) or ENDS.search(text))


def _kind(data: str) -> str:
    """Return data without what is random: numbers of requests, codes, checksums and ids of messages."""
    return re.sub(r"[2-9A-Z]{4}-[2-9A-Z]{4}|\b[B-Z]{10}\b|(?<=send:)\w+|(?<=[wv]:)[^a-z]*\d+", "*", data)


def _shown(messages: tuple[Message, ...]) -> Iterator[str]:
    for message in messages:
        match message:
            case SendMessage(to_advisers=False) | EditMessage():
                yield html_to_plain(message.html)
                yield from (button.label for row in message.keyboard for button in row)
            case AnswerCallback(text) if text:
                yield text


def walk_everything(dialogue: Dialogue, lang: str) -> _Walk:
    walk = _Walk(
        replace(dialogue, answerer=_Answerer(lang), advisers=Advisers(-100), sends_mail=True, username="bot"), lang
    )
    state = State(lang=lang)
    for command in (*COMMAND_HANDLERS, "nosuch"):
        walk.play(f"/{command}", state, replace(EVENT, kind=EventKind.COMMAND, command=command))
    for text in TYPED:
        walk.play(text, state, replace(EVENT, text=text))
    for media_type in ("voice", "photo", "sticker", "contact", "location"):
        walk.play(media_type, state, replace(EVENT, kind=EventKind.OTHER, media_type=media_type))
    in_group = replace(EVENT, private=False, chat_id=-5)
    for command in COMMAND_HANDLERS:
        walk.play(f"group /{command}", state, replace(in_group, kind=EventKind.COMMAND, command=command))
    walk.play(
        "a lot", replace(state, minute=1_800_000_000.0 + 60 * walk.turns, asked=15), replace(EVENT, text="Backbone?")
    )
    sent = send_request(walk, state)
    for command in COMMAND_HANDLERS:
        walk.play(f"open request /{command}", sent, replace(EVENT, kind=EventKind.COMMAND, command=command))
    walk.play("open request", sent, replace(EVENT, text="Something else"))
    walk.tap_everything()
    return walk


def send_request(walk: _Walk, state: State) -> State:
    state = walk.play("form", state, replace(EVENT, kind=EventKind.COMMAND, command="beratung"))
    for step in FORM:
        tap = replace(EVENT, kind=EventKind.BUTTON, text=step, callback_id="1")
        walk.play(f"form, too long at {step}", state, replace(EVENT, text="x" * 3_000))
        state = walk.play(f"form {step}", state, tap if step.startswith("r:") else replace(EVENT, text=step))
    assert state.form is not None
    consent = replace(EVENT, kind=EventKind.BUTTON, text=f"r:send:{consent_digest(state.form)}", callback_id="1")
    return walk.play("sent", state, consent)


@pytest.mark.parametrize("lang", ["en", "de-leicht"])
def test_everything_leads_on_in_the_chosen_language(dialogue: Dialogue, lang: str) -> None:
    """Every message leads on, with a button, a command or what can be written; in English, none of it is German."""
    walk = walk_everything(dialogue, lang)

    leaks = {text[:160]: way for way, text in walk.texts if GERMAN.search(GERMAN_NAMES.sub("", text))}
    if lang == "en":
        assert {way: text for text, way in leaks.items() if text not in ("Deutsch", "Leichte Sprache")} == {}
    assert walk.dead_ends == []
    assert 250 < walk.turns < MAX_TURNS
