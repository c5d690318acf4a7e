"""The people who use the bot while it is killed: they ask for advice and advisers reply, all by texts and buttons.

The part of each is a generator that yields the condition it waits for, so it continues once the bot has got that far,
in whichever life that is.
"""

import random
import re
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.fake_telegram import FakeTelegram, Group, User
from bot.sandbox.fake_telegram.world.objects import Message
from bot.sandbox.fake_telegram.world.queries import CallbackQuery
from tests.reliability.chaos.ledger import Effect, Ledger, list_button_data

Condition = Callable[[], Any]  # met when its value is true; that value is sent into the generator
Steps = Generator[Condition, Any, None]
REFERENCE = re.compile(r"[A-Z0-9]+-[A-Z0-9]+")
QUESTIONS = ("Was ist Collective Impact?", "Was ist ein Backbone?")


@dataclass
class Story:
    """A person with a request, and what is expected to come of it; filled in while the story is played.

    Attributes:
        sent: whether the request was sent to the advisers.
        thumb: the entry whose answer the person rated, and the value; None without a rating.
        messages: what each side wrote to the other, in order, as last edited.
        edited: the marker of the message that a side edited.
        changes: how often people changed the request.
        turn: who acts next: "person", "adviser" or, once the request is closed, "end".
        thread: the topic in which the adviser last wrote.
        waiting_for: what the person waits for, in words.
        finished: whether both sides have played their part to the end.
    """

    number: int
    person: User
    concern: str
    organisation: str = ""
    sent: bool = False
    reference: str = ""
    thumb: tuple[str, int] | None = None
    messages: dict[str, list[str]] = field(default_factory=lambda: {"person": [], "adviser": []})
    edited: dict[str, str] = field(default_factory=dict)
    taps: list[CallbackQuery] = field(default_factory=list)
    rating: int = 0
    comment: str = ""
    changes: int = 0
    topics_deleted: int = 0
    turn: str = "adviser"
    thread: int = 0
    waiting_for: str = ""
    finished: bool = False


class Stage:
    """The people, the advisers' forum and the stories.

    With ``basic``, people only do what any bot with a form and a relay can handle. ``single_process`` is explained in
    `Ledger`.
    """

    def __init__(
        self, fake_telegram: FakeTelegram, seed: int, *, basic: bool = False, single_process: bool = True
    ) -> None:
        self.fake_telegram, self.rng = fake_telegram, random.Random(seed)
        self.ledger = Ledger(fake_telegram, single_process=single_process)
        self.advisers = [fake_telegram.add_user(name, language_code="de") for name in ("Bea", "Cem")]
        self.forum: Group = fake_telegram.add_group("Beratung", self.advisers, forum=True, bot_is_admin=True)
        self.basic = basic
        self.stories: list[Story] = []
        self._running: list[tuple[Story, Steps, Condition]] = []
        self._last_progress: dict[int, int] = {}  # by story: the life in which it last continued

    def start_story(self) -> None:
        """Let somebody new contact the bot."""
        number = len(self.stories) + 1
        person = self.fake_telegram.add_user(f"Person {number}", language_code="de", started=True)
        story = Story(number, person, f"Anliegen {make_marker(number, 0)}")
        self.stories.append(story)
        for steps in (_play_requester(self, story), _play_adviser(self, story)):
            self._running.append((story, steps, next(steps)))
        self._last_progress[number] = self.ledger.life

    def count_running(self) -> int:
        """Return how many stories are not over."""
        return len({story.number for story, _, _ in self._running})

    def advance_stories(self, max_idle_lives: int) -> None:
        """Let some stories continue whose condition is met; drop those that made no progress for too many lives."""
        for entry in list(self._running):
            story, steps, condition = entry
            if self.rng.random() < 0.5:
                continue
            with (
                self.fake_telegram.world.condition
            ):  # what the condition saw must not change before the reaction to it
                value = condition()
                if value:
                    self._last_progress[story.number] = self.ledger.life
                    self._running.remove(entry)
                    self._resume(story, steps, value)
            if not value and self.ledger.life - self._last_progress[story.number] > max_idle_lives:
                self._running = [other for other in self._running if other[0] is not story]

    def _resume(self, story: Story, steps: Steps, value: Any) -> None:
        try:
            self._running.append((story, steps, steps.send(value)))
        except StopIteration:
            if not any(other is story for other, _, _ in self._running):
                story.finished = True

    def find_buttons(self, story: Story, prefix: str) -> Message | None:
        """Return the newest message in the person's chat with a button whose data begins with this prefix."""
        messages = self.fake_telegram.world.chats[story.person.id].messages.values()
        return next((message for message in reversed(messages) if _has_button(message, prefix)), None)

    def find_text(self, story: Story, text: str) -> Effect | None:
        """Return a message of the bot to the person that contains this text."""
        return next((effect for effect in self.ledger.by_chat[story.person.id] if text in effect.text), None)

    def find_card(self, story: Story, prefix: str = "q:") -> Message | None:
        """Return the request's newest card with such a button, in a topic that still exists."""
        chat = self.forum.chat
        for effect in reversed(self.ledger.by_marker[make_marker(story.number, 0)]):
            if effect.chat_id != chat.id or not effect.button_data:
                continue
            message = chat.messages.get(effect.message_id)
            if message and _has_button(message, prefix):
                return message
        return None

    def find_copy(self, chat_id: int, marker: str) -> Effect | None:
        """Return the relayed copy, in this chat, of what somebody typed."""
        effects = (effect for effect in self.ledger.by_marker[marker] if effect.chat_id == chat_id)
        return next((effect for effect in effects if effect.is_copy), None)

    def tap_button(self, story: Story, user: User, message: Message, prefix: str) -> str:
        """Tap the button whose data begins with this prefix, and return its data."""
        data = next(data for data in list_button_data(message) if data.startswith(prefix))
        group = None if message.chat.is_private else self.forum
        story.taps.append(user.tap_message_button(message.id, data, group))
        return data


def find_reference(confirmation: str) -> str:
    """Return the reference in the confirmation of a request: letters and digits, or digits alone."""
    return next(word for word in confirmation.split() if REFERENCE.fullmatch(word))


def make_marker(story: int, suffix: object) -> str:
    """Return the marker by which one text that somebody types can be recognised."""
    return f"«{story}.{suffix}»"


def _has_button(message: Message, prefix: str) -> bool:
    return any(data.startswith(prefix) for data in list_button_data(message))


def _wait_for(story: Story, what: str, condition: Condition) -> Generator[Condition, Any, Any]:
    story.waiting_for = what
    return (yield condition)


def _press_button(stage: Stage, story: Story, prefix: str, *, may_double_tap: bool = True) -> Steps:
    message = yield from _wait_for(story, prefix, lambda: stage.find_buttons(story, prefix))
    stage.tap_button(story, story.person, message, prefix)
    if may_double_tap and stage.rng.random() < 0.1:
        stage.tap_button(story, story.person, message, prefix)


def _play_requester(stage: Stage, story: Story) -> Steps:
    person, rng, number = story.person, stage.rng, story.number
    if not stage.basic and rng.random() < 0.3:
        yield from _ask_question(stage, story)
    person.send_text("/beratung")
    yield from _wait_for(story, "form", lambda: stage.find_buttons(story, "r:cancel"))
    person.send_text(story.concern)
    yield from _wait_for(story, "organisation", lambda: stage.find_buttons(story, "r:skip:organisation"))
    if rng.random() < 0.5:
        story.organisation = f"Verein {number}"
        person.send_text(story.organisation)
    else:
        yield from _press_button(stage, story, "r:skip:organisation")
    for prefix in ("r:kind:npo", "r:skip:place", "r:reach:here", "r:send:"):
        yield from _press_button(stage, story, prefix)
    story.sent = True
    confirmation = yield from _wait_for(story, "confirmation", lambda: stage.find_text(story, "hat die Nummer"))
    story.reference = find_reference(confirmation.text)
    while (yield from _wait_for(story, "adviser", lambda: story.turn != "adviser" and story.turn)) == "person":
        yield from _send_messages(stage, story, "person")
        story.turn = "adviser"
    yield from _press_button(stage, story, f"h:rate:{story.reference}:", may_double_tap=False)
    story.rating, story.changes = 1, story.changes + 1
    yield from _wait_for(story, "rated", lambda: stage.find_text(story, "noch etwas dazu sagen"))
    if not stage.basic:
        story.comment, story.changes = f"Danke {make_marker(number, 'c')}", story.changes + 1
        person.send_text(story.comment)
        yield from _wait_for(story, "thanks", lambda: stage.find_text(story, "Danke für Ihre Rückmeldung"))


def _ask_question(stage: Stage, story: Story) -> Steps:
    story.person.send_text(stage.rng.choice(QUESTIONS))
    message = yield from _wait_for(story, "answer", lambda: stage.find_buttons(story, "f:"))
    for value in stage.rng.sample((0, 1), stage.rng.choice((1, 2))):
        data = stage.tap_button(story, story.person, message, f"f:{value}")
        story.thumb = (data.split(":", 2)[2], value)


def _play_adviser(stage: Stage, story: Story) -> Steps:
    adviser, rng = stage.rng.choice(stage.advisers), stage.rng
    card = yield lambda: story.reference and stage.find_card(story, "q:take:")
    stage.tap_button(story, adviser, card, "q:take:")
    story.changes += 1
    card = yield lambda: stage.find_card(story, "q:release:")
    if not stage.basic and rng.random() < 0.3:
        stage.tap_button(story, adviser, card, "q:remind:")
        story.changes += 1
    for _ in range(rng.randint(1, 3)):
        yield from _send_messages(stage, story, "adviser", adviser)
        if not stage.basic and rng.random() < 0.15 and story.topics_deleted == 0:
            stage.forum.delete_topic(story.thread)
            story.topics_deleted += 1
        story.turn = "person"
        yield lambda: story.turn == "adviser"
    card = yield lambda: stage.find_card(story, "q:close:")
    stage.tap_button(story, adviser, card, "q:close:")
    story.changes += 1
    story.turn = "end"


def _send_messages(stage: Stage, story: Story, side: str, adviser: User | None = None) -> Steps:
    """Send some messages in a row and wait until the last one has arrived; then perhaps edit it."""
    messages, message_ids = story.messages[side], []
    for _ in range(stage.rng.randint(1, 3)):
        marker = make_marker(story.number, f"{side[0]}{len(messages) + 1}")
        text = f"{stage.rng.choice(('Noch etwas', 'Guten Tag', 'Dazu'))} {marker}"
        if adviser:
            card = yield lambda: stage.find_card(story)
            story.thread = card.thread_id
            message_ids.append(adviser.send_text(text, stage.forum, topic=story.thread))
        else:
            message_ids.append(story.person.send_text(text))
        messages.append(text)
        story.changes += 1
        yield lambda: True
    target = story.person.id if adviser else stage.forum.id
    yield from _wait_for(story, f"{side}'s message", lambda: stage.find_copy(target, marker))
    if not stage.basic and side not in story.edited and stage.rng.random() < 0.3:
        story.edited[side] = marker
        user, group = (adviser, stage.forum) if adviser else (story.person, None)
        messages[-1] = f"{messages[-1]} geändert"
        user.edit_text(message_ids[-1], messages[-1], group)
