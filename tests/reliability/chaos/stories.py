"""What people do under whom the bot is killed: they ask for advice, advisers answer, all by texts and buttons.

A story is a generator that yields what it waits for, so that it goes on whenever the bot has come so far.
"""

import random
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.fake_telegram import FakeTelegram, Group, User
from bot.sandbox.fake_telegram.world.objects import Message
from bot.sandbox.fake_telegram.world.queries import CallbackQuery
from tests.reliability.chaos.ledger import Effect, Ledger, buttons

Wait = Callable[[], Any]
Steps = Generator[Wait, Any, None]
QUESTIONS = ("Was ist Collective Impact?", "Was ist ein Backbone?")


@dataclass
class Story:
    """A person with a request, and what is expected to come of it: filled while it is played."""

    number: int
    person: User
    concern: str
    organisation: str = ""
    sent: bool = False
    reference: str = ""
    asked: list[str] = field(default_factory=list)  # questions to the bot
    thumb: tuple[str, int] | None = None
    told: dict[str, list[str]] = field(default_factory=lambda: {"person": [], "adviser": []})
    changed: dict[str, str] = field(default_factory=dict)  # by side: the token of an edited message
    taps: list[CallbackQuery] = field(default_factory=list)
    rating: int = 0
    comment: str = ""
    changes: int = 0  # of the request
    reminders: int = 0  # that an adviser asked for
    deleted: int = 0  # topics
    turn: str = "adviser"
    thread: int = 0  # the topic that the adviser wrote in last
    waiting: str = ""  # for what the person waits
    through: bool = False


class Stage:
    """The people, the forum of the advisers, and the stories that run."""

    def __init__(self, fake_telegram: FakeTelegram, seed: int, *, small: bool = False, alone: bool = True) -> None:
        self.fake_telegram, self.rng = fake_telegram, random.Random(seed)  # noqa: S311 - no secret
        self.ledger = Ledger(fake_telegram, alone=alone)
        self.advisers = [fake_telegram.add_user(name, language_code="de") for name in ("Bea", "Cem")]
        self.forum: Group = fake_telegram.add_group("Beratung", self.advisers, forum=True, bot_is_admin=True)
        self.small = small  # only what any bot with a form and a relay does
        self.stories: list[Story] = []
        self._running: list[tuple[Story, Steps, Wait]] = []
        self._since: dict[int, int] = {}  # by story: the life in which it last went on

    def begin(self) -> None:
        """Somebody new comes."""
        number = len(self.stories) + 1
        person = self.fake_telegram.add_user(f"Person {number}", language_code="de", started=True)
        story = Story(number, person, f"Anliegen «{number}.0»")
        self.stories.append(story)
        for steps in (_person(self, story), _adviser(self, story)):
            self._running.append((story, steps, next(steps)))
        self._since[number] = self.ledger.life

    @property
    def people(self) -> int:
        """How many are in the middle of their story."""
        return len({story.number for story, _, _ in self._running})

    def step(self, patience: int | None) -> None:
        """Let some go on who can; who could not for so many lives gives up."""
        for entry in list(self._running):
            story, steps, wait = entry
            if self.rng.random() < 0.5:
                continue
            with self.fake_telegram.world.condition:  # what it acts on stays as it is meanwhile
                value = wait()
                if value:
                    self._since[story.number] = self.ledger.life
                    self._running.remove(entry)
                    self._go_on(story, steps, value)
            if not value and patience is not None and self.ledger.life - self._since[story.number] > patience:
                self._running = [other for other in self._running if other[0] is not story]

    def _go_on(self, story: Story, steps: Steps, value: Any) -> None:
        try:
            self._running.append((story, steps, steps.send(value)))
        except StopIteration:
            if not any(other is story for other, _, _ in self._running):
                story.through = True

    def button(self, story: Story, data: str) -> Message | None:
        """The newest message in the person's chat with a button whose data begins so."""
        messages = self.fake_telegram.world.chats[story.person.id].messages.values()
        return next((one for one in reversed(messages) if any(d.startswith(data) for d in buttons(one))), None)

    def send_text(self, story: Story, text: str) -> Effect | None:
        """Something the bot said to the person."""
        return next((one for one in self.ledger.in_chat[story.person.id] if text in one.text), None)

    def card(self, story: Story, data: str = "q:") -> Message | None:
        """The newest card of the request with such a button, in a topic that is there."""
        chat = self.forum.chat
        for effect in reversed(self.ledger.of_token[token(story.number, 0)]):
            if effect.chat_id != chat.id or not effect.data:
                continue
            message = chat.messages.get(effect.message_id)
            if message and any(found.startswith(data) for found in buttons(message)):
                return message
        return None

    def arrived(self, chat_id: int, token: str) -> Effect | None:
        """The copy of what somebody typed."""
        found = (one for one in self.ledger.of_token[token] if one.chat_id == chat_id)
        return next((one for one in found if one.method == "copyMessage"), None)

    def tap(self, story: Story, who: User, message: Message, data: str) -> CallbackQuery:
        """Tap the button whose data begins so."""
        whole = next(one for one in buttons(message) if one.startswith(data))
        group = None if message.chat.is_private else self.forum
        tapped = who.tap_message_button(message.id, whole, group)
        story.taps.append(tapped)
        return tapped


def token(story: int, word: object) -> str:
    """The mark of one text that somebody types."""
    return f"«{story}.{word}»"


def _until(story: Story, what: str, wait: Wait) -> Generator[Wait, Any, Any]:
    story.waiting = what
    return (yield wait)


def _pressing(stage: Stage, story: Story, data: str, *, hasty: bool = True) -> Steps:
    message = yield from _until(story, data, lambda: stage.button(story, data))
    stage.tap(story, story.person, message, data)
    if hasty and stage.rng.random() < 0.1:
        stage.tap(story, story.person, message, data)


def _person(stage: Stage, story: Story) -> Steps:
    person, rng, n = story.person, stage.rng, story.number
    if not stage.small and rng.random() < 0.3:
        yield from _asking(stage, story)
    person.send_text("/beratung")
    yield from _until(story, "form", lambda: stage.button(story, "r:cancel"))
    person.send_text(story.concern)
    yield from _until(story, "organisation", lambda: stage.button(story, "r:skip:organisation"))
    if rng.random() < 0.5:
        story.organisation = f"Verein {n}"
        person.send_text(story.organisation)
    else:
        yield from _pressing(stage, story, "r:skip:organisation")
    for data in ("r:kind:npo", "r:skip:place", "r:reach:here", "r:skip:times", "r:send:"):
        yield from _pressing(stage, story, data)
    story.sent = True
    told = yield from _until(story, "confirmation", lambda: stage.send_text(story, "hat die Nummer"))
    story.reference = next(word for word in told.text.split() if "-" in word and word.isupper())
    while (yield from _until(story, "adviser", lambda: story.turn != "adviser" and story.turn)) == "person":
        yield from _says_some(stage, story, "person")
        story.turn = "adviser"
    yield from _pressing(stage, story, f"h:rate:{story.reference}:", hasty=False)
    story.rating, story.changes = 1, story.changes + 1
    yield from _until(story, "rated", lambda: stage.send_text(story, "noch etwas dazu sagen"))
    if not stage.small:
        story.comment, story.changes = f"Danke {token(n, 'c')}", story.changes + 1
        person.send_text(story.comment)
        yield from _until(story, "thanks", lambda: stage.send_text(story, "Danke für Ihre Rückmeldung"))


def _asking(stage: Stage, story: Story) -> Steps:
    story.person.send_text(stage.rng.choice(QUESTIONS))
    message = yield from _until(story, "answer", lambda: stage.button(story, "f:"))
    for value in stage.rng.sample((0, 1), stage.rng.choice((1, 2))):
        stage.tap(story, story.person, message, f"f:{value}")
        whole = next(one for one in buttons(message) if one.startswith(f"f:{value}"))
        story.thumb = (whole.split(":", 2)[2], value)


def _adviser(stage: Stage, story: Story) -> Steps:
    adviser, rng = stage.rng.choice(stage.advisers), stage.rng
    card = yield lambda: story.reference and stage.card(story, "q:take:")
    stage.tap(story, adviser, card, "q:take:")
    story.changes += 1
    card = yield lambda: stage.card(story, "q:release:")
    if not stage.small and rng.random() < 0.3:
        stage.tap(story, adviser, card, "q:remind:")
        story.changes += 1
        story.reminders = 1
    for _ in range(rng.randint(1, 3)):
        yield from _says_some(stage, story, "adviser", adviser)
        if not stage.small and rng.random() < 0.15 and story.deleted == 0:
            stage.forum.delete_topic(story.thread)
            story.deleted += 1
        story.turn = "person"
        yield lambda: story.turn == "adviser"
    card = yield lambda: stage.card(story, "q:close:")
    stage.tap(story, adviser, card, "q:close:")
    story.changes += 1
    story.turn = "end"


def _says_some(stage: Stage, story: Story, side: str, adviser: User | None = None) -> Steps:
    """Some messages in a row, until the last has arrived; then one of them may be edited."""
    told, written = story.told[side], []
    for _ in range(stage.rng.randint(1, 3)):
        mark = token(story.number, f"{side[0]}{len(told) + 1}")
        text = f"{stage.rng.choice(('Noch etwas', 'Guten Tag', 'Dazu'))} {mark}"
        if adviser:
            card = yield lambda: stage.card(story)
            story.thread = card.thread_id
            written.append(adviser.send_text(text, stage.forum, topic=story.thread))
        else:
            written.append(story.person.send_text(text))
        told.append(text)
        story.changes += 1
        yield lambda: True
    there = story.person.id if adviser else stage.forum.id
    what = f"{side}'s message"
    yield from _until(story, what, lambda: stage.arrived(there, mark))
    if not stage.small and side not in story.changed and stage.rng.random() < 0.3:
        story.changed[side] = mark
        who, group = (adviser, stage.forum) if adviser else (story.person, None)
        told[-1] = f"{told[-1]} geändert"
        who.edit_text(written[-1], told[-1], group)
