"""The fake Telegram and its people as a separate process: `python -m tests.performance.load.people PLAN`.

Prints a line of JSON with its address, plays the plan once the bot is there, and prints the measurements.
"""

import json
import random
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import cycle

from bot.sandbox.fake_telegram import FakeTelegram, FaultKind, User
from bot.sandbox.fake_telegram.world.objects import RecordedCall
from bot.sandbox.fake_telegram.world.world import World
from index.evaluation.dataset import LABELLED_QUESTIONS

TOKEN = "100000:load-load-load-load-load-load-load"
ALONE = 40  # questions asked one after the other, before the load
FLOOD = 1_000  # messages of the person who floods
AHEAD = 500  # updates of the soak that wait at most
PATIENCE = 120.0  # seconds for the last answers
ENTRY = "was-ist-gemeinsam-wirken"
SENDS = ("sendMessage", "sendPhoto", "sendDocument")


@dataclass(frozen=True)
class Plan:
    """What to play: questions at a rate; or ``soak`` taps as fast as the bot handles them; or ``busy`` people who ask
    (or tap, with ``taps``) again as soon as they have an answer, without Telegram's rate limits."""

    seconds: int = 180
    rate: float = 20.0  # questions a second
    people: int = 500
    flooded: bool = False
    soak: int = 0
    busy: int = 0
    taps: bool = False
    workers: int = 1  # processes that set a webhook, to be waited for


@dataclass(frozen=True)
class Seen:
    """Milliseconds from each question to the first call that answers it, and what went wrong."""

    alone: list[float]
    loaded: list[float]
    unanswered: int
    violations: list[str]
    seconds: float
    calls: int


def main() -> None:
    """Play the plan given as JSON."""
    plan = Plan(**json.loads(sys.argv[1]))
    with FakeTelegram(token=TOKEN, max_poll_seconds=30.0, enforce_limits=not plan.busy) as fake_telegram:
        people = [
            fake_telegram.add_user(f"Person {number}", language_code="de", started=True)
            for number in range(plan.people)
        ]
        _say({"url": fake_telegram.url, "token": TOKEN})
        fake_telegram.wait_for_sync(
            lambda: fake_telegram.is_polling or fake_telegram.world.updates.webhook_active, PATIENCE
        )
        if plan.workers > 1:
            fake_telegram.wait_for_sync(lambda: len(fake_telegram.calls_to("setWebhook")) >= plan.workers, PATIENCE)
        time.sleep(1.5)
        alone = list(_alone(fake_telegram, people))
        began = time.time()
        _say({"began": began})
        if plan.busy:
            loaded, unanswered = Busy(fake_telegram, people, plan.busy, taps=plan.taps).play(plan.seconds), 0
            seconds = time.time() - began
            _say({"ended": time.time()})
        else:
            asked = _soak(fake_telegram, people, plan.soak) if plan.soak else _load(fake_telegram, people, plan)
            seconds = time.time() - began
            _say({"ended": time.time()})
            loaded, unanswered = _answered(fake_telegram, asked)
        violations = [str(one) for one in fake_telegram.violations]
        _say(asdict(Seen(alone, loaded, unanswered, violations, seconds, len(fake_telegram.calls))))


def _say(what: dict[str, object]) -> None:
    print(json.dumps(what), flush=True)


def _questions() -> Iterator[str]:
    items = [json.loads(line)["question"] for line in LABELLED_QUESTIONS.read_text("utf-8").splitlines()]
    chance = random.Random(4)  # noqa: S311 - no secret
    while True:
        yield from chance.sample(items, len(items))


def _alone(fake_telegram: FakeTelegram, people: list[User]) -> Iterator[float]:
    """Milliseconds to each answer where nobody else asks."""
    for person, question in zip(people[:ALONE], _questions(), strict=False):
        asked = {person.id: [time.time()]}
        person.send_text(question)
        fake_telegram.wait_for_sync(lambda one=person: _first_sends(fake_telegram, one.id), 30)  # type: ignore[misc]  # bound here
        time.sleep(0.1)
        yield _answered(fake_telegram, asked)[0][0]


def _first_sends(fake_telegram: FakeTelegram, chat: int) -> bool:
    return any(call.method in SENDS and call.params.get("chat_id") == chat for call in fake_telegram.calls[-50:])


def _load(fake_telegram: FakeTelegram, people: list[User], plan: Plan) -> dict[int, list[float]]:
    """The questions asked in time, by person."""
    asked: dict[int, list[float]] = defaultdict(list)
    chance, questions = random.Random(5), _questions()  # noqa: S311 - no secret
    floods = _floods(fake_telegram, plan) if plan.flooded else None
    began = time.time()
    for number in range(int(plan.seconds * plan.rate)):
        due = began + (number + chance.random()) / plan.rate
        time.sleep(max(due - time.time(), 0.0))
        person = people[number % len(people)]
        asked[person.id].append(time.time())
        person.send_text(next(questions))
        if floods:
            next(floods, None)
    _wait_for_all(fake_telegram, asked)
    return asked


def _floods(fake_telegram: FakeTelegram, plan: Plan) -> Iterator[None]:
    """One person sends a thousand messages, and a chat is refused for an hour; a step for each question."""
    loud, refused = (fake_telegram.add_user(name, language_code="de", started=True) for name in ("Laut", "Abgelehnt"))
    fake_telegram.fail_next("sendMessage", FaultKind.RATE_LIMIT, 1000, refused, retry_after=3600)
    steps, sent = int(plan.seconds * plan.rate), 0
    for number, question in zip(range(steps), _questions(), strict=False):
        if number % int(plan.rate) == 0:
            refused.send_text(question)
        while sent < FLOOD * (number + 1) / steps:
            loud.send_text(question)
            sent += 1
        yield


def _soak(fake_telegram: FakeTelegram, people: list[User], taps: int) -> dict[int, list[float]]:
    """Thumbs up, thumbs down, by everybody: each is written down, handled, kept and answered."""
    world = fake_telegram.world
    for person in people:
        person.send_text("Hallo")
    for number in range(taps):
        people[number % len(people)].tap_stale_button(f"f:{number // len(people) % 2}:{ENTRY}")
        if number % 100 == 0:
            fake_telegram.wait_for_sync(lambda: _unanswered(world) < AHEAD, PATIENCE)
            with world.state_change():  # the fake Telegram must not be what grows
                world.calls.clear()
                world.updates.history.clear()
                for key in [key for key, query in world.queries.items() if query.answer]:
                    del world.queries[key]
    fake_telegram.wait_for_sync(lambda: not _unanswered(world), PATIENCE)
    return {}


class Busy:
    """So many at a time: whenever one is answered another one asks, since the bot limits what one person asks."""

    def __init__(self, fake_telegram: FakeTelegram, people: list[User], at_once: int, *, taps: bool) -> None:
        self._fake_telegram, self._taps, self._questions = fake_telegram, taps, _questions()
        self._people, self._at_once = cycle(people), at_once
        self._since: dict[int, float] = {}  # by chat, or by the number of the tap
        self._whose: dict[str, int] = {}  # tap -> person
        self._turn = 0

    def play(self, seconds: float) -> list[float]:
        """Milliseconds of each that was answered in time."""
        world, took = self._fake_telegram.world, list[float]()
        until, read = time.time() + seconds, len(world.calls)
        for _ in range(self._at_once):
            self._next()
        while time.time() < until:
            with world.condition:
                world.condition.wait(0.05)
                fresh = world.calls[read:]
                read += len(fresh)
            for call in fresh:
                asker = self._answered(call)
                if asker is not None and (since := self._since.pop(asker, None)):
                    took.append((call.finished_at - call.duration_ms / 1000 - since) * 1000)
                    self._next()
        return took

    def _answered(self, call: RecordedCall) -> int | None:
        if self._taps:
            return self._whose.pop(str(call.params.get("callback_query_id")), None)
        return call.params.get("chat_id") if call.method in SENDS and call.status == 200 else None

    def _next(self) -> None:
        person = next(self._people)
        self._since[person.id] = time.time()
        if not self._taps:
            person.send_text(next(self._questions))
            return
        self._turn += 1
        tapped = person.tap_stale_button(f"f:{self._turn % 2}:{ENTRY}")
        self._whose[tapped.id] = person.id


def _unanswered(world: World) -> int:
    return sum(query.answer is None for query in world.queries.values())


def _wait_for_all(fake_telegram: FakeTelegram, asked: dict[int, list[float]]) -> None:
    until = time.time() + PATIENCE
    while time.time() < until and _answered(fake_telegram, asked)[1]:
        time.sleep(1)


def _answered(fake_telegram: FakeTelegram, asked: dict[int, list[float]]) -> tuple[list[float], int]:
    """Milliseconds to the first call after each question, and how many questions got none."""
    sends: dict[int, list[float]] = defaultdict(list)
    with fake_telegram.world.condition:
        for call in fake_telegram.calls:
            if call.method in SENDS and call.status == 200:
                sends[call.params["chat_id"]].append(call.finished_at - call.duration_ms / 1000)
    took, missing = list[float](), 0
    for chat, times in asked.items():
        for time_asked, after in zip(times, [*times[1:], float("inf")], strict=True):
            first = next((sent for sent in sends[chat] if time_asked <= sent < after), None)
            if first is None:
                missing += 1
            else:
                took.append((first - time_asked) * 1000)
    return took, missing


if __name__ == "__main__":
    main()
