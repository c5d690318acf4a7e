"""The sending process is killed in the middle of a burst, again and again, while Telegram's limits are enforced."""

import contextlib
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bot.sandbox.fake_telegram import FakeTelegram
from bot.sandbox.fake_telegram.world.objects import RecordedCall
from tests.reliability.chaos.database import Database
from tests.reliability.chaos.life_options import LifeOptions
from tests.reliability.chaos.lives import Lives
from tests.support.balancer import Balancer, free_port
from tests.support.postgres import server

# Half of the people ask at a time, because the bot limits questions per minute. Each asks so many questions, and some
# ask one more in a group.
PEOPLE, QUESTIONS_EACH, ASKING_IN_GROUP = 60, 2, 3
ANSWERS_BEFORE_KILL = 20  # answers to a burst before the sending process is killed
BURST_TIMEOUT = 90.0  # seconds for the answers to a burst, including the change of leader
QUESTIONS = ("Was ist Collective Impact?", "Was ist ein Backbone?")
SEND_METHODS = ("sendMessage", "sendPhoto")


@dataclass(frozen=True)
class RateLimitedResult:
    """What was observed.

    ``missing`` counts questions without an answer, ``repeated`` answers that came twice, and ``waits`` has the
    seconds from each kill to the next message.
    """

    questions: int
    missing: int
    repeated: int
    violations: list[str]
    waits: list[float]


def run_rate_limited(kills: int, folder: Path) -> RateLimitedResult:
    """Run two processes with Telegram's limits and the real clock, and kill the sending one so many times."""
    with contextlib.ExitStack() as stack:
        database = Database(stack.enter_context(server()))
        stack.callback(database.close)
        fake_telegram = stack.enter_context(FakeTelegram(enforce_limits=True))
        people = [
            fake_telegram.add_user(f"Person {number}", language_code="de", started=True) for number in range(PEOPLE)
        ]
        group = fake_telegram.add_group("Bündnis", people)
        lives = _start_processes(fake_telegram, database, folder, stack)
        waits, expected = list[float](), Counter[int]()
        for kill in range(kills):
            sent, asking = _count_sent(fake_telegram), people[kill % 2 :: 2]
            for number in range(QUESTIONS_EACH):
                for person in asking:
                    person.send_text(QUESTIONS[number])
            for person in asking[:ASKING_IN_GROUP]:
                person.send_text("/frage Was ist ein Backbone?", group)
            expected.update([*[person.id for person in asking] * QUESTIONS_EACH, *[group.id] * ASKING_IN_GROUP])
            fake_telegram.wait_for_sync(
                lambda sent=sent: _count_sent(fake_telegram) >= sent + ANSWERS_BEFORE_KILL,  # type: ignore[misc]
                BURST_TIMEOUT,
            )
            leader = lives[database.leader()]
            leader.kill()
            leader.wait()
            sent, since = _count_sent(fake_telegram), time.monotonic()
            leader.start(LifeOptions(webhook=True, rate_limited=True))
            fake_telegram.wait_for_sync(lambda sent=sent: _count_sent(fake_telegram) > sent, BURST_TIMEOUT)  # type: ignore[misc]
            waits.append(time.monotonic() - since)
            deadline = since + BURST_TIMEOUT
            while not (fake_telegram.updates_confirmed and _idle(database)) and time.monotonic() < deadline:
                time.sleep(0.1)  # the fake Telegram does not see what is stored last
        answers = Counter(call.params["chat_id"] for call in fake_telegram.calls if _is_answer(call))
        missing = sum((expected - answers).values())
        repeated = sum((answers - expected).values())
        violations = [str(violation) for violation in fake_telegram.violations]
    return RateLimitedResult(sum(expected.values()), missing, repeated, violations, waits)


def _start_processes(
    fake_telegram: FakeTelegram, database: Database, folder: Path, stack: contextlib.ExitStack
) -> dict[str, Lives]:
    ports = [free_port(), free_port()]
    balancer = stack.enter_context(Balancer(ports))
    lives = {}
    for number, port in enumerate(ports):
        own = {
            "GW_TELEGRAM_TOKEN": fake_telegram.token,
            "GW_TELEGRAM_API_URL": fake_telegram.url,
            "GW_WEBHOOK_URL": f"http://127.0.0.1:{balancer.port}/hook",
            "GW_WEBHOOK_SECRET": "chaos",
            "PORT": str(port),
            "GW_DATABASE_URL": database.url(f"bot{number}"),
            "GW_LOG_LEVEL": "WARNING",
        }
        lives[f"bot{number}"] = stack.enter_context(Lives(folder / str(number), own))
    for number, process in enumerate(lives.values(), 1):
        process.start(LifeOptions(webhook=True, rate_limited=True))
        fake_telegram.wait_for_sync(partial(_has_webhooks, fake_telegram, number), BURST_TIMEOUT)
    return lives


def _has_webhooks(fake_telegram: FakeTelegram, count: int) -> bool:
    return len(fake_telegram.calls_to("setWebhook")) == count


def _count_sent(fake_telegram: FakeTelegram) -> int:
    with fake_telegram.world.condition:
        return sum(call.method in SEND_METHODS and call.status == 200 for call in fake_telegram.calls)


def _is_answer(call: RecordedCall) -> bool:
    return call.method in SEND_METHODS and call.status == 200 and "Fachliteratur" in call.params.get("text", "")


def _idle(database: Database) -> bool:
    waiting = "SELECT 1 FROM outbox WHERE status = 'queued' UNION ALL SELECT 1 FROM inbox WHERE done = 0"
    return not database.rows(waiting)
