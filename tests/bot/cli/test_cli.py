"""The command line, as processes: output, exit codes, clear errors."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bot.sandbox.fake_telegram import FakeTelegram
from tests.support.paths import PREPARED

GWBOT = [sys.executable, "-m", "bot"]


def gwbot(
    *arguments: str, folder: Path, stdin: str = "", data: Path = PREPARED, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the command line in a folder, with the prepared encoder and index unless told otherwise."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GW_")}
    environment |= {"GW_DATA_DIR": str(data), "GW_DATABASE_URL": f"sqlite:///{folder}/bot.db", **variables}
    return subprocess.run(
        [*GWBOT, *arguments], cwd=folder, env=environment, input=stdin, capture_output=True, text=True, check=False
    )


def fails(done: subprocess.CompletedProcess[str], *expected: str, code: int = 1) -> None:
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    for text in expected:
        assert text in done.stderr


def test_ask(tmp_path: Path) -> None:
    """One question is answered in the terminal as plain text."""
    done = gwbot("ask", "Was ist Collective Impact?", folder=tmp_path)

    assert done.returncode == 0, done.stderr
    assert "Aus der Fachliteratur:" in done.stdout
    assert "<b>" not in done.stdout


def test_ask_jsonl(tmp_path: Path) -> None:
    """Each input line yields one output line with every field of the interface."""
    lines = [{"id": 7, "question": "Was ist Collective Impact?", "lang": "de"}, {"id": "x", "question": ""}]
    done = gwbot("ask", "--jsonl", folder=tmp_path, stdin="".join(json.dumps(line) + "\n" for line in lines))

    first, second = (json.loads(line) for line in done.stdout.splitlines())

    assert set(first) == {"id", "status", "answer", "sources", "options", "confidence", "lang", "latency_ms"}
    assert (first["id"], first["status"], first["lang"]) == (7, "answered", "de")
    assert set(first["sources"][0]) == {"entry", "title", "layer", "url", "score"}
    assert (second["id"], second["status"]) == ("x", "abstained")


def test_search_jsonl(tmp_path: Path) -> None:
    """Retrieval alone gives ranked entries with scores."""
    done = gwbot(
        "search", "--jsonl", "--top", "3", folder=tmp_path, stdin='{"id": 1, "question": "Collective Impact"}\n'
    )

    ranked = json.loads(done.stdout)

    assert len(ranked["results"]) == 3
    assert set(ranked["results"][0]) == {"entry", "score"}


def test_broken_line_is_named(tmp_path: Path) -> None:
    """A line that is not JSON is named by its number."""
    fails(gwbot("ask", "--jsonl", folder=tmp_path, stdin='{"question": "a"}\nkaputt\n'), "standard input, line 2")


@pytest.mark.parametrize(
    "arguments", [("ask",), ("ask", "Frage", "--jsonl"), ("search",), ("nonsense",), ("run", "--mode", "x")]
)
def test_wrong_usage(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Wrong usage ends with exit code 2 and a hint."""
    fails(gwbot(*arguments, folder=tmp_path), "Usage:", code=2)


def test_empty_folder_says_what_to_run(tmp_path: Path) -> None:
    """Without an encoder, every command that needs one, except `gwbot run`, names the command that makes it."""
    for arguments in (("ask", "Hallo"), ("index", "build"), ("search", "x"), ("eval",)):
        fails(gwbot(*arguments, folder=tmp_path, data=tmp_path / "data"), "gwbot model prepare")


def test_wrong_setting(tmp_path: Path) -> None:
    """A wrong variable is named."""
    fails(gwbot("run", folder=tmp_path, GW_RETENTION_DAYS="ewig"), "GW_RETENTION_DAYS")


def test_knowledge_check(tmp_path: Path) -> None:
    """Mistakes in content are named with file and line, and the built-in content has none."""
    (tmp_path / "leer.md").write_text("", encoding="utf-8")

    fails(gwbot("knowledge", "check", str(tmp_path), folder=tmp_path), "leer.md:1: the file is empty")
    (tmp_path / "leer.md").write_text("Text", encoding="utf-8")
    (tmp_path / "contacts.yaml").write_text("contacts:\n- {id: a, name: b, role: c, phone: 115, email: kein at}\n")
    fails(gwbot("knowledge", "check", str(tmp_path), folder=tmp_path), "contacts.yaml:2: 'kein at' is not an e-mail")
    assert gwbot("knowledge", "check", folder=tmp_path).returncode == 0


def test_foreign_folder_from_end_to_end(tmp_path: Path) -> None:
    """Any folder can be indexed, inspected, verified and searched."""
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "garten.md").write_text("# Garten\n\nDer Garten öffnet um neun Uhr.", encoding="utf-8")
    (tmp_path / "w" / "hund.md").write_text("# Hunde\n\nHunde bleiben an der Leine.", encoding="utf-8")

    built = gwbot("index", "build", "--knowledge", "w", "--out", "i", folder=tmp_path)
    status = gwbot("index", "status", "--index", "i", folder=tmp_path)
    verified = gwbot("index", "verify", "--index", "i", folder=tmp_path)
    ranked = gwbot("search", "--index", "i", "Wann macht der Garten auf?", folder=tmp_path)

    assert (built.returncode, verified.returncode) == (0, 0), built.stderr + verified.stderr
    assert "2 in de" in status.stdout
    assert ranked.stdout.split()[1] == "garten"


def test_chat_on_the_terminal(tmp_path: Path, prepared: Path) -> None:
    """Without a token the bot talks on the terminal, with numbers for buttons; a request is kept as promised."""
    typed = "Was ist Collective Impact?\n1\n/kontakt\n/beratung\nWir suchen Rat.\n" + 6 * "1\n"  # the form's buttons
    done = gwbot("run", folder=tmp_path, stdin=typed, data=prepared, PORT="0")
    listed = gwbot("requests", "list", folder=tmp_path)

    assert done.returncode == 0, done.stderr
    assert "Guten Tag!" in done.stdout
    assert "Aus der Fachliteratur:" in done.stdout
    assert "jacob.rohm@phineo.org" in done.stdout
    assert "Wir suchen Rat." in listed.stdout


def test_requests_backup_restore_purge_migrate(tmp_path: Path) -> None:
    """The operator's commands work on an empty store and say what they did."""
    assert gwbot("migrate", folder=tmp_path).returncode == 0
    assert "No request" in gwbot("requests", "list", folder=tmp_path).stderr
    assert gwbot("requests", "export", folder=tmp_path).stdout == ""
    assert gwbot("backup", "copy.db", folder=tmp_path).returncode == 0
    assert gwbot("restore", "copy.db", folder=tmp_path).returncode == 0
    assert "0 rows" in gwbot("purge", folder=tmp_path).stdout
    assert "0 questions" in gwbot("feedback", folder=tmp_path).stderr
    fails(gwbot("requests", "show", "AAAA-AAAA", folder=tmp_path), "There is no request AAAA-AAAA")
    fails(gwbot("restore", "nichts.db", folder=tmp_path), "There is no file nichts.db")


def test_doctor(tmp_path: Path) -> None:
    """Doctor prints one line for each part; the exit code is 1 if any is wrong."""
    with FakeTelegram() as fake_telegram:
        good, bad = (
            gwbot("doctor", folder=tmp_path, GW_TELEGRAM_TOKEN=token, GW_TELEGRAM_API_URL=fake_telegram.url)
            for token in (fake_telegram.token, "1:falsch")
        )

    assert (good.returncode, bad.returncode) == (0, 1), good.stdout
    assert "ok    telegram: @standin_bot, inline mode on" in good.stdout
    assert "wrong telegram: Telegram does not know this token" in bad.stdout


@pytest.mark.parametrize(
    ("admin", "bot", "code", "message"),
    [
        (True, True, 0, "ok    advisers: connected, with topics"),
        (False, True, 0, "may not open any"),
        (True, False, 1, "wrong advisers: the"),
    ],
)
def test_doctor_looks_at_the_advisers(tmp_path: Path, admin: bool, bot: bool, code: int, message: str) -> None:
    """Doctor says whether the bot is in the advisers' chat and has the rights it needs there."""
    with FakeTelegram() as fake_telegram:
        bea = fake_telegram.add_user("Bea")
        forum = fake_telegram.add_group("Beratung", [bea], forum=True, bot_is_admin=admin)
        if not bot:
            forum.remove_bot(bea.account)
        done = gwbot(
            "doctor",
            folder=tmp_path,
            GW_TELEGRAM_API_URL=fake_telegram.url,
            GW_TELEGRAM_TOKEN=fake_telegram.token,
            GW_ADVISER_CHAT_ID=str(forum.id),
        )

    assert done.returncode == code, done.stdout
    assert message in done.stdout


def test_doctor_looks_at_the_mail_server(tmp_path: Path) -> None:
    """An unreachable mail server is wrong, and the password is not printed."""
    done = gwbot(
        "doctor", folder=tmp_path, GW_SMTP_URL="smtp://bot:geheim@127.0.0.1:1", GW_MAIL_FROM="bot@example.org"
    )

    assert done.returncode == 1
    assert "wrong mail: the mail server cannot be used" in done.stdout
    assert "geheim" not in done.stdout + done.stderr


def test_run_and_sigterm(tmp_path: Path) -> None:
    """`gwbot run` answers over Telegram, ends cleanly on SIGTERM, and answers what came meanwhile after a restart."""
    with FakeTelegram() as fake_telegram:
        ada = fake_telegram.add_user("Ada", language_code="de", started=True)
        for question in ("Was ist Collective Impact?", "Was ist ein Backbone?"):
            ada.send_text(question)
            environment = {
                **os.environ,
                "GW_DATA_DIR": str(PREPARED),
                "GW_DATABASE_URL": f"sqlite:///{tmp_path}/bot.db",
                "GW_TELEGRAM_TOKEN": fake_telegram.token,
                "GW_TELEGRAM_API_URL": fake_telegram.url,
            }
            with subprocess.Popen([*GWBOT, "run"], cwd=tmp_path, env=environment, stderr=subprocess.PIPE) as process:
                answer = ada.wait_for_reply_sync(timeout=30)
                process.send_signal(signal.SIGTERM)
                _, log = process.communicate(timeout=20)

            assert "Aus der Fachliteratur:" in answer.text
            assert process.returncode == 0
            assert b"stopped; all data is saved" in log
            assert question.encode() not in log
            assert fake_telegram.token.encode() not in log
        assert fake_telegram.violations == []


@pytest.fixture
def without_index(tmp_path: Path) -> Path:
    """A folder with two short texts in `w`, and a data folder with the prepared encoder only."""
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "garten.md").write_text("# Garten\n\nDer Garten öffnet um neun Uhr.", encoding="utf-8")
    (tmp_path / "w" / "hund.md").write_text("# Hunde\n\nHunde bleiben an der Leine.", encoding="utf-8")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "encoder").symlink_to((PREPARED / "encoder").resolve())
    return tmp_path


def test_run_builds_a_missing_index(without_index: Path) -> None:
    """Without an index the sandbox builds one, says so on standard error, and answers from it."""
    asked = "Wann öffnet der Garten?\n"
    done = gwbot(
        "run", folder=without_index, data=without_index / "data", stdin=asked, GW_KNOWLEDGE_DIR="w", PORT="0"
    )

    assert done.returncode == 0, done.stderr
    assert "Building the index of w (once, a few minutes) …\n" in done.stderr
    assert "um neun Uhr" in done.stdout


def test_run_on_telegram_builds_a_missing_index(without_index: Path) -> None:
    """With a token a missing index is built, which the log says at any level; one that is damaged is an error."""
    with FakeTelegram() as fake_telegram:
        ada = fake_telegram.add_user("Ada", language_code="de", started=True)
        ada.send_text("Wann öffnet der Garten?")
        environment = {key: value for key, value in os.environ.items() if not key.startswith("GW_")}
        settings = {
            "GW_KNOWLEDGE_DIR": "w",
            "GW_LOG_FORMAT": "json",
            "GW_LOG_LEVEL": "ERROR",
            "GW_TELEGRAM_TOKEN": fake_telegram.token,
            "GW_TELEGRAM_API_URL": fake_telegram.url,
        }
        process = subprocess.Popen(
            [*GWBOT, "run"], cwd=without_index, env=environment | settings, stderr=subprocess.PIPE, text=True
        )
        answer = ada.wait_for_reply_sync(timeout=60)
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=30)
        (without_index / "data" / "index" / "current" / "manifest.json").write_text("{}")
        again = gwbot("run", folder=without_index, data=without_index / "data", **settings)

    assert "um neun Uhr" in answer.text
    assert [json.loads(line)["message"] for line in log.splitlines()][:1] == [
        "Building the index of w (once, a few minutes) …"
    ]
    fails(again, "manifest.json is damaged. Run: gwbot index build")


def test_wrong_token(tmp_path: Path) -> None:
    """A token unknown to Telegram is a clear error."""
    with FakeTelegram() as fake_telegram:
        done = gwbot("run", folder=tmp_path, GW_TELEGRAM_TOKEN="1:falsch", GW_TELEGRAM_API_URL=fake_telegram.url)

    fails(done, "Telegram does not know this token. Check GW_TELEGRAM_TOKEN.")


def test_ask_several(tmp_path: Path) -> None:
    """Several questions are answered one after another; as JSON they stay one object, for the first that answers."""
    text = "Wie wird das Wetter? Was ist Collective Impact?"
    plain = gwbot("ask", text, folder=tmp_path)
    data = json.loads(gwbot("ask", text, "--json", folder=tmp_path).stdout)

    assert plain.stdout.index("„Wie wird das Wetter?“") < plain.stdout.index("„Was ist Collective Impact?“")
    assert data["sources"][0]["entry"] == "collective-impact"
    assert not data["answer"].startswith("Zu Ihrer Frage")
