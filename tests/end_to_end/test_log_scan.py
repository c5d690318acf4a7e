"""A whole run of the bot with many kinds of faults leaves no name, text, address or token in any output."""

import asyncio
import json
import logging
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import httpx
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from bot.domain.commands import ENGLISH_COMMANDS, GERMAN_COMMANDS
from bot.log import _JsonFormatter, _RedactingFormatter
from bot.sandbox.fake_telegram import FakeTelegram, FaultKind, Group, User
from bot.web.routes import SECRET_HEADER
from tests.bot.mail.test_mail import free_port
from tests.end_to_end.advice import card, topic_of
from tests.end_to_end.conftest import wait_for_text
from tests.support.command_line import gwbot
from tests.support.paths import PREPARED

SECRET, PASSWORD = "hakengeheim_77", "postgeheimnis"
MARK = "anari"  # in every name, text and address of this test
PHONE, ADDRESS = "+49 30 12345678", "ada@kanarien.example"
FORBIDDEN = (MARK, PHONE, PHONE.replace(" ", ""), "12345678", ADDRESS, SECRET, PASSWORD, "jacob.rohm", "Jacob")
FAULTS = (FaultKind.RATE_LIMIT, FaultKind.SERVER_ERROR, FaultKind.BAD_GATEWAY, FaultKind.RESET)


class RejectingMailServer:
    """A mail server that rejects every message permanently."""

    def __init__(self) -> None:
        self.attempts = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Reject a message with an error that quotes an address."""
        self.attempts += 1
        return f"550 no mailbox {ADDRESS}"


@pytest.fixture
def mail() -> Iterator[Controller]:
    """The rejecting mail server."""
    controller = Controller(RejectingMailServer(), hostname="127.0.0.1", port=free_port())
    controller.start()
    yield controller
    controller.stop()


async def send_request(person: User) -> str:
    """Send a request with a telephone number through the form; return its reference."""
    person.send_text("/beratung")
    await person.wait_for_reply()
    person.send_text("Kanarienanliegen von uns")
    await person.wait_for_reply()
    person.send_text("Kanarienverein")
    await person.wait_for_reply()
    await person.wait_for_reply(person.tap_button("Verein oder NPO"))
    await person.wait_for_reply(person.tap_button("Überspringen"))
    await person.wait_for_reply(person.tap_button("Am Telefon"))
    person.send_text(PHONE)
    await person.wait_for_reply()
    await person.wait_for_reply(person.tap_button("Überspringen"))
    sent = await person.wait_for_reply(person.tap_button("Ja, so weitergeben"), count=2)
    return next(word for word in sent.text.split() if "-" in word and word.isupper())


async def use_everything(
    fake_telegram: FakeTelegram, ada: User, bea: User, forum: Group, store: Path, hook: str
) -> None:
    """Use every feature, with faults of every kind."""
    people = {
        command: fake_telegram.add_user("Cemkanari", language_code="de", started=True)
        for command in (*GERMAN_COMMANDS, *ENGLISH_COMMANDS)
    }
    for command, person in people.items():
        person.send_text(f"/{command} Kanarientext {ADDRESS}")
    for person in people.values():
        await person.wait_for_reply()
    for kind in FAULTS:
        fake_telegram.fail_next("sendMessage", kind, chat=ada)
    ada.send_text("Was ist Collective Impact, Kanarienfrage?")
    await ada.wait_for_reply()
    reference = await send_request(ada)
    topic = topic_of(await card(fake_telegram, bea, forum, reference))
    bea.send_text("Kanarientext", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, ada, "Kanarientext")
    ada.block_bot()
    bea.send_text("Kanarientext, noch da?", chat=forum, topic=topic)
    await wait_for_text(fake_telegram, bea, "Nicht zugestellt", forum)
    ada.unblock_bot()
    with closing(sqlite3.connect(store)) as file, file:  # a state that cannot be read
        file.execute(
            "INSERT OR REPLACE INTO states VALUES (?, ?, ?, 0)", (f"{bea.id}:{bea.id}", bea.id, '{"step": "Kanari"}')
        )
    bea.send_text("Kanarienfrage")
    await bea.wait_for_reply()
    malformed = {"update_id": 900_001, "message": {"message_id": 1, "date": "Kanarientag", "chat": {"id": ada.id}}}
    async with httpx.AsyncClient() as client:
        await client.post(hook, json=malformed, headers={SECRET_HEADER: SECRET})
        await client.post(hook, json=malformed, headers={SECRET_HEADER: "Kanarienhaken"})
    ada.send_text("/loeschen")
    await ada.wait_for_reply()
    await ada.wait_for_reply(ada.tap_button("Ja, alles löschen"), count=2)
    await wait_for_text(fake_telegram, bea, "zurückgezogen", forum)


async def test_whole_run_reveals_nothing_personal(tmp_path: Path, mail: Controller) -> None:
    """At level DEBUG, with failing calls and mails, neither logs nor metrics contain personal data or secrets."""
    port = free_port()
    hook = f"http://127.0.0.1:{port}/hook"
    with FakeTelegram() as fake_telegram:
        ada = fake_telegram.add_user("Adakanari", language_code="de", started=True)
        bea = fake_telegram.add_user("Beakanari", language_code="de", started=True)
        forum = fake_telegram.add_group("Kanariengruppe", [bea], forum=True, bot_is_admin=True)
        variables = {
            "GW_TELEGRAM_TOKEN": fake_telegram.token, "GW_TELEGRAM_API_URL": fake_telegram.url,
            "GW_WEBHOOK_URL": hook, "GW_WEBHOOK_SECRET": SECRET, "PORT": str(port),
            "GW_ADVISER_CHAT_ID": str(forum.id),
            "GW_SMTP_URL": f"smtp://127.0.0.1:{mail.port}", "GW_MAIL_FROM": "bot@example.org",
            "GW_LOG_LEVEL": "DEBUG", "GW_LOG_FORMAT": "json", "GW_DATA_DIR": str(PREPARED), "GW_DATABASE_URL": f"sqlite:///{tmp_path}/bot.db",
        }  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "run", cwd=tmp_path, env={**os.environ, **variables},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        reading = asyncio.create_task(process.communicate())
        try:
            await fake_telegram.wait_for(lambda: fake_telegram.calls_to("setWebhook"), timeout=60)
            await use_everything(fake_telegram, ada, bea, forum, tmp_path / "bot.db", hook)
            async with httpx.AsyncClient() as client:
                metrics = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
        finally:
            process.terminate()
            out, log = (part.decode() for part in await reading)
        token = fake_telegram.token
        command_output, run = "", partial(gwbot, folder=tmp_path)
        for command in (("doctor",), ("purge",), ("backup", "b.db"), ("feedback",)):
            done = await asyncio.to_thread(run, *command, **variables)
            command_output += done.stdout + done.stderr

    everywhere = out + log + metrics + command_output.replace(token.partition(":")[0], "")
    assert [line for line in everywhere.splitlines() if any(mark in line for mark in (*FORBIDDEN, token))] == []
    for expected in (
        "cannot be read and is left out",
        "refused",
        "waits",
        "has an unknown form",
        "not taken",
    ):
        assert expected in log, expected  # the intended faults did occur
    assert "gw_calls_waiting" in metrics
    assert all(set(json.loads(line)) == {"time", "level", "logger", "message"} for line in log.splitlines())


@pytest.mark.parametrize("formatter", [_RedactingFormatter("%(message)s"), _JsonFormatter("%(message)s")])
def test_error_is_logged_without_its_text(formatter: logging.Formatter) -> None:
    """An error and its causes are logged with type and location; quoted text and addresses are hidden."""
    try:
        try:
            int("Kanarientext")
        except ValueError as error:
            raise RuntimeError("Kanarienfehler") from error
    except RuntimeError:
        template = 'refused: start tag "%s", %s, %s; update %d'
        values = ("kanari", ADDRESS, PHONE, 712345678)
        record = logging.LogRecord("bot", logging.ERROR, "x.py", 1, template, values, sys.exc_info())
    logging.Formatter().format(record)  # as another handler would, which leaves the full text in the record
    logged = formatter.format(record)

    assert MARK not in logged
    assert "12345678" not in logged.replace("712345678", "")
    assert "RuntimeError" in logged
    assert "ValueError" in logged
    assert "test_log_scan.py" in logged
    assert "update 712345678" in logged
