"""What people do while the bot is killed: they ask for advice and advisers answer, all by texts and buttons.

A story is a generator that yields what it waits for, so that it continues as soon as the bot has got that far.
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
    """A person with a request, and what is expected of the bot, which is filled in as the story goes on."""

    number: int
    person: User
    concern: str
    organisation: str = ""
    sent: bool = False
    reference: str = ""
    thumb: tuple[str, int] | None = None
    written: dict[str, list[str]] = field(default_factory=lambda: {"person": [], "adviser": []})
    edited: dict[str, str] = field(default_factory=dict)  # by side: the marker of an edited message
    taps: list[CallbackQuery] = field(default_factory=list)
    rating: int = 0
    comment: str = ""
    changes: int = 0  # of the request
    reminders: int = 0  # that an adviser asked for
    deleted_topics: int = 0
    turn: str = "adviser"
    thread: int = 0  # the topic in which the adviser wrote last
    waiting_for: str = ""  # what the person waits for
    finished: bool = False


class Simulation:
    """The people, the adviser chat, and the stories in progress."""

    def __init__(
        self, fake_telegram: FakeTelegram, seed: int, *, small: bool = False, single_process: bool = True
    ) -> None:
        self.fake_telegram, self.rng = fake_telegram, random.Random(seed)  # noqa: S311 - no secret
        self.ledger = Ledger(fake_telegram, single_process=single_process)
        self.advisers = [fake_telegram.add_user(name, language_code="de") for name in ("Bea", "Cem")]
        self.forum: Group = fake_telegram.add_group("Beratung", self.advisers, forum=True, bot_is_admin=True)
        self.small = small  # only what any bot with a form and a relay does
        self.stories: list[Story] = []
        self._running: list[tuple[Story, Steps, Wait]] = []
        self._last_progress: dict[int, int] = {}  # by story: the life in which it last made progress

    def add_person(self) -> None:
        """Add a person and start their story."""
        number = len(self.stories) + 1
        person = self.fake_telegram.add_user(f"Person {number}", language_code="de", started=True)
        story = Story(number, person, f"Anliegen «{number}.0»")
        self.stories.append(story)
        for steps in (_person_steps(self, story), _adviser_steps(self, story)):
            self._running.append((story, steps, next(steps)))
        self._last_progress[number] = self.ledger.life

    @property
    def people(self) -> int:
        """How many people are in the middle of their story."""
        return len({story.number for story, _, _ in self._running})

    def step(self, patience: int | None) -> None:
        """Let some continue who can; a person who could not for ``patience`` lives gives up."""
        for entry in list(self._running):
            story, steps, wait = entry
            if self.rng.random() < 0.5:
                continue
            with self.fake_telegram.world.condition:  # so that nothing changes while it acts
                value = wait()
                if value:
                    self._last_progress[story.number] = self.ledger.life
                    self._running.remove(entry)
                    self._advance(story, steps, value)
            if not value and patience is not None and self.ledger.life - self._last_progress[story.number] > patience:
                self._running = [other for other in self._running if other[0] is not story]

    def _advance(self, story: Story, steps: Steps, value: Any) -> None:
        try:
            self._running.append((story, steps, steps.send(value)))
        except StopIteration:
            if not any(other is story for other, _, _ in self._running):
                story.finished = True

    def find_button(self, story: Story, data: str) -> Message | None:
        """Return the newest message in the person's chat with a button whose data begins like this."""
        messages = self.fake_telegram.world.chats[story.person.id].messages.values()
        return next(
            (message for message in reversed(messages) if any(d.startswith(data) for d in buttons(message))), None
        )

    def find_bot_message(self, story: Story, text: str) -> Effect | None:
        """Return a message of the bot to the person that contains this text."""
        return next((effect for effect in self.ledger.by_chat[story.person.id] if text in effect.text), None)

    def find_card(self, story: Story, data: str = "q:") -> Message | None:
        """Return the newest card of the request that has such a button and whose topic exists."""
        chat = self.forum.chat
        for effect in reversed(self.ledger.by_marker[marker(story.number, 0)]):
            if effect.chat_id != chat.id or not effect.data:
                continue
            message = chat.messages.get(effect.message_id)
            if message and any(button.startswith(data) for button in buttons(message)):
                return message
        return None

    def find_copy(self, chat_id: int, marker: str) -> Effect | None:
        """Return the copy of what somebody typed."""
        effects = (effect for effect in self.ledger.by_marker[marker] if effect.chat_id == chat_id)
        return next((effect for effect in effects if effect.method == "copyMessage"), None)

    def tap(self, story: Story, who: User, message: Message, data: str) -> CallbackQuery:
        """Tap the button whose data begins like this."""
        callback_data = next(button for button in buttons(message) if button.startswith(data))
        group = None if message.chat.is_private else self.forum
        query = who.tap_message_button(message.id, callback_data, group)
        story.taps.append(query)
        return query


def marker(story: int, word: object) -> str:
    """Return the marker of one text that somebody types."""
    return f"«{story}.{word}»"


def _wait_for(story: Story, what: str, wait: Wait) -> Generator[Wait, Any, Any]:
    story.waiting_for = what
    return (yield wait)


def _tap_when_shown(simulation: Simulation, story: Story, data: str, *, hasty: bool = True) -> Steps:
    message = yield from _wait_for(story, data, lambda: simulation.find_button(story, data))
    simulation.tap(story, story.person, message, data)
    if hasty and simulation.rng.random() < 0.1:
        simulation.tap(story, story.person, message, data)


def _person_steps(simulation: Simulation, story: Story) -> Steps:
    person, rng, n = story.person, simulation.rng, story.number
    if not simulation.small and rng.random() < 0.3:
        yield from _ask_question(simulation, story)
    person.send_text("/beratung")
    yield from _wait_for(story, "form", lambda: simulation.find_button(story, "r:cancel"))
    person.send_text(story.concern)
    yield from _wait_for(story, "organisation", lambda: simulation.find_button(story, "r:skip:organisation"))
    if rng.random() < 0.5:
        story.organisation = f"Verein {n}"
        person.send_text(story.organisation)
    else:
        yield from _tap_when_shown(simulation, story, "r:skip:organisation")
    for data in ("r:kind:npo", "r:skip:place", "r:reach:here", "r:skip:times", "r:send:"):
        yield from _tap_when_shown(simulation, story, data)
    story.sent = True
    confirmation = yield from _wait_for(
        story, "confirmation", lambda: simulation.find_bot_message(story, "hat die Nummer")
    )
    story.reference = next(word for word in confirmation.text.split() if "-" in word and word.isupper())
    while (yield from _wait_for(story, "adviser", lambda: story.turn != "adviser" and story.turn)) == "person":
        yield from _write_messages(simulation, story, "person")
        story.turn = "adviser"
    yield from _tap_when_shown(simulation, story, f"h:rate:{story.reference}:", hasty=False)
    story.rating, story.changes = 1, story.changes + 1
    yield from _wait_for(story, "rated", lambda: simulation.find_bot_message(story, "noch etwas dazu sagen"))
    if not simulation.small:
        story.comment, story.changes = f"Danke {marker(n, 'c')}", story.changes + 1
        person.send_text(story.comment)
        yield from _wait_for(
            story, "thanks", lambda: simulation.find_bot_message(story, "Danke für Ihre Rückmeldung")
        )


def _ask_question(simulation: Simulation, story: Story) -> Steps:
    story.person.send_text(simulation.rng.choice(QUESTIONS))
    message = yield from _wait_for(story, "answer", lambda: simulation.find_button(story, "f:"))
    for value in simulation.rng.sample((0, 1), simulation.rng.choice((1, 2))):
        simulation.tap(story, story.person, message, f"f:{value}")
        callback_data = next(button for button in buttons(message) if button.startswith(f"f:{value}"))
        story.thumb = (callback_data.split(":", 2)[2], value)


def _adviser_steps(simulation: Simulation, story: Story) -> Steps:
    adviser, rng = simulation.rng.choice(simulation.advisers), simulation.rng
    card = yield lambda: story.reference and simulation.find_card(story, "q:take:")
    simulation.tap(story, adviser, card, "q:take:")
    story.changes += 1
    card = yield lambda: simulation.find_card(story, "q:release:")
    if not simulation.small and rng.random() < 0.3:
        simulation.tap(story, adviser, card, "q:remind:")
        story.changes += 1
        story.reminders = 1
    for _ in range(rng.randint(1, 3)):
        yield from _write_messages(simulation, story, "adviser", adviser)
        if not simulation.small and rng.random() < 0.15 and story.deleted_topics == 0:
            simulation.forum.delete_topic(story.thread)
            story.deleted_topics += 1
        story.turn = "person"
        yield lambda: story.turn == "adviser"
    card = yield lambda: simulation.find_card(story, "q:close:")
    simulation.tap(story, adviser, card, "q:close:")
    story.changes += 1
    story.turn = "end"


def _write_messages(simulation: Simulation, story: Story, side: str, adviser: User | None = None) -> Steps:
    """Write some messages in a row and wait until the last has arrived; then perhaps edit one of them."""
    texts, messages = story.written[side], []
    for _ in range(simulation.rng.randint(1, 3)):
        mark = marker(story.number, f"{side[0]}{len(texts) + 1}")
        text = f"{simulation.rng.choice(('Noch etwas', 'Guten Tag', 'Dazu'))} {mark}"
        if adviser:
            card = yield lambda: simulation.find_card(story)
            story.thread = card.thread_id
            messages.append(adviser.send_text(text, simulation.forum, topic=story.thread))
        else:
            messages.append(story.person.send_text(text))
        texts.append(text)
        story.changes += 1
        yield lambda: True
    there = story.person.id if adviser else simulation.forum.id
    waiting_for = f"{side}'s message"
    yield from _wait_for(story, waiting_for, lambda: simulation.find_copy(there, mark))
    if not simulation.small and side not in story.edited and simulation.rng.random() < 0.3:
        story.edited[side] = mark
        who, group = (adviser, simulation.forum) if adviser else (story.person, None)
        texts[-1] = f"{texts[-1]} geändert"
        who.edit_text(messages[-1], texts[-1], group)
