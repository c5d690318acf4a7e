"""A run with Telegram's rate limits: the process that sends is killed in the middle of a burst of answers."""

import contextlib
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bot.sandbox.fake_telegram import FakeTelegram
from bot.sandbox.fake_telegram.world.objects import RecordedCall
from tests.reliability.chaos.bot_process import BotProcess
from tests.reliability.chaos.database import Database
from tests.reliability.chaos.life_options import LifeOptions
from tests.reliability.chaos.stories import QUESTIONS
from tests.support.balancer import Balancer, free_port
from tests.support.postgres import server

PEOPLE = 60  # half of them ask at a time, because the bot answers each person only so often a minute
GROUP_ASKERS = 3  # people of each burst who also ask a question in a group
ANSWERS_BEFORE_KILL = 20  # answers to a burst after which the process that sends is killed
BURST_TIMEOUT = 90.0  # seconds for the answers to a burst, including the change of the process that sends
SEND_METHODS = ("sendMessage", "sendPhoto")
OPTIONS = LifeOptions(webhook=True, enforces_limits=True)


@dataclass(frozen=True)
class RateLimitResult:
    """What happened during a run.

    Attributes:
        questions: how many were asked.
        unanswered: questions without an answer.
        repeated: answers that arrived a second time.
        violations: calls that broke a rule of the Bot API, including its limits.
        gaps: seconds from each kill to the next message.
    """

    questions: int
    unanswered: int
    repeated: int
    violations: list[str]
    gaps: list[float]


def run_rate_limited(kills: int, fork_socket: Path, folder: Path) -> RateLimitResult:
    """Run two processes with Telegram's limits and the real clock, and kill the one that sends, once in each burst.

    ``fork_socket`` is from `run_fork_server`; ``folder`` will hold a folder for each process.
    """
    with contextlib.ExitStack() as stack:
        database = Database(stack.enter_context(server()))
        stack.callback(database.close)
        fake_telegram = stack.enter_context(FakeTelegram(enforce_limits=True))
        people = [
            fake_telegram.add_user(f"Person {number}", language_code="de", started=True) for number in range(PEOPLE)
        ]
        group = fake_telegram.add_group("Bündnis", people)
        processes = _start_processes(fake_telegram, database, fork_socket, folder, stack)
        gaps, expected = list[float](), Counter[int]()  # the expected answers by chat
        for kill in range(kills):
            sent, askers = _count_sent(fake_telegram), people[kill % 2 :: 2]
            for question in QUESTIONS:
                for person in askers:
                    person.send_text(question)
            for person in askers[:GROUP_ASKERS]:
                person.send_text("/frage Was ist ein Backbone?", group)
            expected.update([*[person.id for person in askers] * len(QUESTIONS), *[group.id] * GROUP_ASKERS])
            _wait_for_sent(fake_telegram, sent + ANSWERS_BEFORE_KILL)
            leader = processes[database.find_leader()]
            leader.kill()
            leader.wait()
            sent, killed_at = _count_sent(fake_telegram), time.monotonic()
            leader.start(OPTIONS)
            _wait_for_sent(fake_telegram, sent + 1)
            gaps.append(time.monotonic() - killed_at)
            deadline = killed_at + BURST_TIMEOUT
            while not (fake_telegram.updates_confirmed and _has_no_work(database)) and time.monotonic() < deadline:
                time.sleep(0.1)  # no call to the fake Telegram shows when the last result was recorded
        answers = Counter(call.params["chat_id"] for call in fake_telegram.calls if _is_answer(call))
        unanswered = sum((expected - answers).values())
        repeated = sum((answers - expected).values())
        violations = [str(violation) for violation in fake_telegram.violations]
    return RateLimitResult(sum(expected.values()), unanswered, repeated, violations, gaps)


def _start_processes(
    fake_telegram: FakeTelegram, database: Database, fork_socket: Path, folder: Path, stack: contextlib.ExitStack
) -> dict[str, BotProcess]:
    """Start two processes behind a load balancer, one after the other; return them by name."""
    ports = [free_port(), free_port()]
    balancer = stack.enter_context(Balancer(ports))
    processes = {}
    for number, port in enumerate(ports):
        environment = {
            "GW_TELEGRAM_TOKEN": fake_telegram.token,
            "GW_TELEGRAM_API_URL": fake_telegram.url,
            "GW_WEBHOOK_URL": f"http://127.0.0.1:{balancer.port}/hook",
            "GW_WEBHOOK_SECRET": "chaos",
            "PORT": str(port),
            "GW_DATABASE_URL": database.url(f"bot{number}"),
            "GW_LOG_LEVEL": "WARNING",
        }
        process = BotProcess(fork_socket, folder / str(number), environment)
        processes[f"bot{number}"] = stack.enter_context(process)
    for number, process in enumerate(processes.values(), 1):
        process.start(OPTIONS)
        fake_telegram.wait_for_sync(partial(_has_webhooks, fake_telegram, number), BURST_TIMEOUT)
    return processes


def _has_webhooks(fake_telegram: FakeTelegram, count: int) -> bool:
    return len(fake_telegram.calls_to("setWebhook")) == count


def _wait_for_sent(fake_telegram: FakeTelegram, count: int) -> None:
    fake_telegram.wait_for_sync(lambda: _count_sent(fake_telegram) >= count, BURST_TIMEOUT)


def _count_sent(fake_telegram: FakeTelegram) -> int:
    with fake_telegram.world.condition:
        return sum(call.method in SEND_METHODS and call.status == 200 for call in fake_telegram.calls)


def _is_answer(call: RecordedCall) -> bool:
    return call.method in SEND_METHODS and call.status == 200 and "Fachliteratur" in call.params.get("text", "")


def _has_no_work(database: Database) -> bool:
    query = "SELECT 1 FROM outbox WHERE status = 'queued' UNION ALL SELECT 1 FROM inbox WHERE done = 0"
    return not database.fetch_rows(query)
