"""Whoever sends is killed in the middle of a burst, again and again, and Telegram's limits are watched meanwhile."""

import contextlib
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bot.sandbox.fake_telegram import FakeTelegram
from bot.sandbox.fake_telegram.world.objects import RecordedCall
from tests.reliability.chaos.database import Database
from tests.reliability.chaos.lives import Lives
from tests.reliability.chaos.order import Order
from tests.support.balancer import Balancer, free_port
from tests.support.postgres import server

# Half of the people ask at once, since the bot answers nobody more than so much a minute; how many questions each,
# and how many of them one more in a group.
PEOPLE, EACH, IN_GROUP = 60, 2, 3
AMIDST = 20  # answers to a burst after which the process that sends is killed
PATIENCE = 90.0  # seconds for the answers to a burst, with the change of processes in it
QUESTIONS = ("Was ist Collective Impact?", "Was ist ein Backbone?")
SENDS = ("sendMessage", "sendPhoto")


@dataclass(frozen=True)
class Paced:
    """What was seen: ``missing`` are questions without an answer, ``again`` answers that came twice, ``waited`` the
    seconds from each kill to the next message."""

    asked: int
    missing: int
    again: int
    violations: list[str]
    waited: list[float]


def paced(kills: int, forks: Path, folder: Path) -> Paced:
    """Two processes with Telegram's limits and the real clock; the one that sends is killed so often.

    ``forks`` is the socket of the `fork_server`.
    """
    with contextlib.ExitStack() as stack:
        database = Database(stack.enter_context(server()))
        stack.callback(database.close)
        fake_telegram = stack.enter_context(FakeTelegram(enforce_limits=True))
        people = [
            fake_telegram.add_user(f"Person {number}", language_code="de", started=True) for number in range(PEOPLE)
        ]
        group = fake_telegram.add_group("Bündnis", people)
        lives = _begun(fake_telegram, database, forks, folder, stack)
        waited, owed = list[float](), Counter[int]()
        for kill in range(kills):
            sent, asking = _sends(fake_telegram), people[kill % 2 :: 2]
            for number in range(EACH):
                for person in asking:
                    person.send_text(QUESTIONS[number])
            for person in asking[:IN_GROUP]:
                person.send_text("/frage Was ist ein Backbone?", group)
            owed.update([*[person.id for person in asking] * EACH, *[group.id] * IN_GROUP])
            fake_telegram.wait_for_sync(lambda sent=sent: _sends(fake_telegram) >= sent + AMIDST, PATIENCE)  # type: ignore[misc]
            leader = lives[database.leader()]
            leader.kill()
            leader.over()
            sent, since = _sends(fake_telegram), time.monotonic()
            leader.begin(Order(webhook=True, limited=True))
            fake_telegram.wait_for_sync(lambda sent=sent: _sends(fake_telegram) > sent, PATIENCE)  # type: ignore[misc]
            waited.append(time.monotonic() - since)
            over = since + PATIENCE
            while not (fake_telegram.updates_confirmed and _idle(database)) and time.monotonic() < over:
                time.sleep(0.1)  # the fake Telegram does not hear of what is noted last
        answers = Counter(call.params["chat_id"] for call in fake_telegram.calls if _answers(call))
        missing = sum((owed - answers).values())
        again = sum((answers - owed).values())
        violations = [str(one) for one in fake_telegram.violations]
    return Paced(sum(owed.values()), missing, again, violations, waited)


def _begun(
    fake_telegram: FakeTelegram, database: Database, forks: Path, folder: Path, stack: contextlib.ExitStack
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
        lives[f"bot{number}"] = stack.enter_context(Lives(forks, folder / str(number), own))
    for number, one in enumerate(lives.values(), 1):
        one.begin(Order(webhook=True, limited=True))
        fake_telegram.wait_for_sync(partial(_has_webhooks, fake_telegram, number), PATIENCE)
    return lives


def _has_webhooks(fake_telegram: FakeTelegram, count: int) -> bool:
    return len(fake_telegram.calls_to("setWebhook")) == count


def _sends(fake_telegram: FakeTelegram) -> int:
    with fake_telegram.world.condition:
        return sum(call.method in SENDS and call.status == 200 for call in fake_telegram.calls)


def _answers(call: RecordedCall) -> bool:
    return call.method in SENDS and call.status == 200 and "Fachliteratur" in call.params.get("text", "")


def _idle(database: Database) -> bool:
    waiting = "SELECT 1 FROM outbox WHERE status = 'queued' UNION ALL SELECT 1 FROM inbox WHERE done = 0"
    return not database.rows(waiting)
