"""The fake Telegram and its people as a separate process: `python -m tests.performance.load.people PLAN`.

Prints a line of JSON with its address, runs the plan once the bot is connected, and prints the measurements.
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
UNLOADED_QUESTIONS = 40  # questions asked one after the other, before the load
FLOOD = 1_000  # messages of the person who floods the bot
MAX_PENDING = 500  # updates of the soak that may be pending
ANSWER_TIMEOUT = 120.0  # seconds for the last answers
ENTRY = "was-ist-gemeinsam-wirken"
SEND_METHODS = ("sendMessage", "sendPhoto", "sendDocument")


@dataclass(frozen=True)
class Plan:
    """What to do.

    Either questions at a rate; or ``soak`` taps as fast as the bot handles them; or ``busy`` questions (taps, with
    ``taps``) in progress at a time, each answer followed by the next one, without Telegram's rate limits.
    """

    seconds: int = 180
    rate: float = 20.0  # questions a second
    people: int = 500
    with_flood: bool = False
    soak: int = 0
    busy: int = 0
    taps: bool = False
    workers: int = 1  # processes that set a webhook, all of which are awaited


@dataclass(frozen=True)
class Measurements:
    """Milliseconds from each question to the first call that answers it, and what went wrong."""

    unloaded: list[float]
    loaded: list[float]
    unanswered: int
    violations: list[str]
    seconds: float
    calls: int


def main() -> None:
    """Run the plan given as JSON."""
    plan = Plan(**json.loads(sys.argv[1]))
    with FakeTelegram(token=TOKEN, max_poll_seconds=30.0, enforce_limits=not plan.busy) as fake_telegram:
        people = [
            fake_telegram.add_user(f"Person {number}", language_code="de", started=True)
            for number in range(plan.people)
        ]
        _print_json({"url": fake_telegram.url, "token": TOKEN})
        fake_telegram.wait_for_sync(
            lambda: fake_telegram.is_polling or fake_telegram.world.updates.webhook_active, ANSWER_TIMEOUT
        )
        if plan.workers > 1:
            fake_telegram.wait_for_sync(
                lambda: len(fake_telegram.calls_to("setWebhook")) >= plan.workers, ANSWER_TIMEOUT
            )
        time.sleep(1.5)
        unloaded = list(_ask_one_by_one(fake_telegram, people))
        started = time.time()
        _print_json({"began": started})
        if plan.busy:
            loaded, unanswered = ClosedLoopLoad(fake_telegram, people, plan.busy, taps=plan.taps).run(plan.seconds), 0
            seconds = time.time() - started
            _print_json({"ended": time.time()})
        else:
            times_asked = (
                _soak(fake_telegram, people, plan.soak) if plan.soak else _ask_at_rate(fake_telegram, people, plan)
            )
            seconds = time.time() - started
            _print_json({"ended": time.time()})
            loaded, unanswered = _measure_answers(fake_telegram, times_asked)
        violations = [str(violation) for violation in fake_telegram.violations]
        _print_json(asdict(Measurements(unloaded, loaded, unanswered, violations, seconds, len(fake_telegram.calls))))


def _print_json(what: dict[str, object]) -> None:
    print(json.dumps(what), flush=True)


def _questions() -> Iterator[str]:
    items = [json.loads(line)["question"] for line in LABELLED_QUESTIONS.read_text("utf-8").splitlines()]
    rng = random.Random(4)
    while True:
        yield from rng.sample(items, len(items))


def _ask_one_by_one(fake_telegram: FakeTelegram, people: list[User]) -> Iterator[float]:
    """Yield the milliseconds to each answer while nobody else asks."""
    for person, question in zip(people[:UNLOADED_QUESTIONS], _questions(), strict=False):
        times_asked = {person.id: [time.time()]}
        person.send_text(question)
        fake_telegram.wait_for_sync(lambda asker=person: _has_answer(fake_telegram, asker.id), 30)  # type: ignore[misc]  # bound here
        time.sleep(0.1)
        yield _measure_answers(fake_telegram, times_asked)[0][0]


def _has_answer(fake_telegram: FakeTelegram, chat: int) -> bool:
    return any(
        call.method in SEND_METHODS and call.params.get("chat_id") == chat for call in fake_telegram.calls[-50:]
    )


def _ask_at_rate(fake_telegram: FakeTelegram, people: list[User], plan: Plan) -> dict[int, list[float]]:
    """Ask questions at the rate of the plan; return the times at which they were asked, by person."""
    times_asked: dict[int, list[float]] = defaultdict(list)
    rng, questions = random.Random(5), _questions()
    flood = _flood(fake_telegram, plan) if plan.with_flood else None
    started = time.time()
    for number in range(int(plan.seconds * plan.rate)):
        due = started + (number + rng.random()) / plan.rate
        time.sleep(max(due - time.time(), 0.0))
        person = people[number % len(people)]
        times_asked[person.id].append(time.time())
        person.send_text(next(questions))
        if flood:
            next(flood, None)
    _wait_for_all(fake_telegram, times_asked)
    return times_asked


def _flood(fake_telegram: FakeTelegram, plan: Plan) -> Iterator[None]:
    """Let one person send a thousand messages while a chat is rate-limited for an hour; a step for each question."""
    flooder, limited = (
        fake_telegram.add_user(name, language_code="de", started=True) for name in ("Laut", "Abgelehnt")
    )
    fake_telegram.fail_next("sendMessage", FaultKind.RATE_LIMIT, 1000, limited, retry_after=3600)
    steps, sent = int(plan.seconds * plan.rate), 0
    for number, question in zip(range(steps), _questions(), strict=False):
        if number % int(plan.rate) == 0:
            limited.send_text(question)
        while sent < FLOOD * (number + 1) / steps:
            flooder.send_text(question)
            sent += 1
        yield


def _soak(fake_telegram: FakeTelegram, people: list[User], taps: int) -> dict[int, list[float]]:
    """Let everybody tap thumbs up and down; each tap is stored, handled and answered."""
    world = fake_telegram.world
    for person in people:
        person.send_text("Hallo")
    for number in range(taps):
        people[number % len(people)].tap_stale_button(f"f:{number // len(people) % 2}:{ENTRY}")
        if number % 100 == 0:
            fake_telegram.wait_for_sync(lambda: _unanswered(world) < MAX_PENDING, ANSWER_TIMEOUT)
            with world.state_change():  # so that the memory that grows is not the fake Telegram's
                world.calls.clear()
                world.updates.history.clear()
                for key in [key for key, query in world.queries.items() if query.answer]:
                    del world.queries[key]
    fake_telegram.wait_for_sync(lambda: not _unanswered(world), ANSWER_TIMEOUT)
    return {}


class ClosedLoopLoad:
    """Keeps so many questions or taps in progress; each next one is another person's, because the bot limits each."""

    def __init__(self, fake_telegram: FakeTelegram, people: list[User], at_once: int, *, taps: bool) -> None:
        self._fake_telegram, self._taps, self._questions = fake_telegram, taps, _questions()
        self._people, self._at_once = cycle(people), at_once
        self._started: dict[int, float] = {}  # by person
        self._person_of_tap: dict[str, int] = {}  # tap -> person
        self._turn = 0

    def run(self, seconds: float) -> list[float]:
        """Return the milliseconds of each one that was answered in time."""
        world, latencies = self._fake_telegram.world, list[float]()
        deadline, calls_read = time.time() + seconds, len(world.calls)
        for _ in range(self._at_once):
            self._next()
        while time.time() < deadline:
            with world.condition:
                world.condition.wait(0.05)
                new_calls = world.calls[calls_read:]
                calls_read += len(new_calls)
            for call in new_calls:
                person = self._answered_person(call)
                if person is not None and (since := self._started.pop(person, None)):
                    latencies.append((call.finished_at - call.duration_ms / 1000 - since) * 1000)
                    self._next()
        return latencies

    def _answered_person(self, call: RecordedCall) -> int | None:
        if self._taps:
            return self._person_of_tap.pop(str(call.params.get("callback_query_id")), None)
        return call.params.get("chat_id") if call.method in SEND_METHODS and call.status == 200 else None

    def _next(self) -> None:
        person = next(self._people)
        self._started[person.id] = time.time()
        if not self._taps:
            person.send_text(next(self._questions))
            return
        self._turn += 1
        tap = person.tap_stale_button(f"f:{self._turn % 2}:{ENTRY}")
        self._person_of_tap[tap.id] = person.id


def _unanswered(world: World) -> int:
    return sum(query.answer is None for query in world.queries.values())


def _wait_for_all(fake_telegram: FakeTelegram, times_asked: dict[int, list[float]]) -> None:
    deadline = time.time() + ANSWER_TIMEOUT
    while time.time() < deadline and _measure_answers(fake_telegram, times_asked)[1]:
        time.sleep(1)


def _measure_answers(fake_telegram: FakeTelegram, times_asked: dict[int, list[float]]) -> tuple[list[float], int]:
    """Return the milliseconds to the first call after each question, and how many questions got none."""
    times_sent: dict[int, list[float]] = defaultdict(list)
    with fake_telegram.world.condition:
        for call in fake_telegram.calls:
            if call.method in SEND_METHODS and call.status == 200:
                times_sent[call.params["chat_id"]].append(call.finished_at - call.duration_ms / 1000)
    latencies, missing = list[float](), 0
    for chat, times in times_asked.items():
        for time_asked, after in zip(times, [*times[1:], float("inf")], strict=True):
            first = next((sent for sent in times_sent[chat] if time_asked <= sent < after), None)
            if first is None:
                missing += 1
            else:
                latencies.append((first - time_asked) * 1000)
    return latencies, missing


if __name__ == "__main__":
    main()
