"""The command line: output, exit codes, clear errors."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bot.sandbox.fake_telegram import FakeTelegram
from tests.support.command_line import environment, fails, gwbot, gwbot_process, started
from tests.support.light_knowledge import copy_light_knowledge
from tests.support.paths import PREPARED


def test_ask(tmp_path: Path) -> None:
    """`gwbot ask` answers several questions one after another, as plain text."""
    result = gwbot_process("ask", "Wie wird das Wetter? Was ist Collective Impact?", folder=tmp_path)

    assert result.returncode == 0, result.stderr
    assert result.stdout.index("„Wie wird das Wetter?“") < result.stdout.index("„Was ist Collective Impact?“")
    assert "Aus der Fachliteratur:" in result.stdout
    assert "<b>" not in result.stdout


def test_ask_json(tmp_path: Path) -> None:
    """Words are joined, so that they need no quotation marks; --json prints only the best of several answers."""
    words = ("Wie", "wird", "das", "Wetter?", "Was", "ist", "Collective", "Impact?")
    data = json.loads(gwbot("ask", "--json", *words, folder=tmp_path).stdout)

    assert data["sources"][0]["entry"] == "collective-impact"
    assert not data["answer"].startswith("Zu Ihrer Frage")


def test_ask_jsonl(tmp_path: Path) -> None:
    """`gwbot ask --jsonl` writes one line per input line, with every field; one that is no JSON is named."""
    lines = [{"id": 7, "question": "Was ist Collective Impact?", "lang": "de"}, {"id": "x", "question": ""}]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    result = gwbot("ask", "--jsonl", folder=tmp_path, stdin=f"{text}kaputt\n")

    first, second = (json.loads(line) for line in result.stdout.splitlines())

    assert set(first) == {"id", "status", "answer", "sources", "options", "confidence", "lang", "latency_ms"}
    assert (first["id"], first["status"], first["lang"]) == (7, "answered", "de")
    assert set(first["sources"][0]) == {"entry", "title", "layer", "url", "score"}
    assert (second["id"], second["status"]) == ("x", "abstained")
    fails(result, "standard input, line 3")


def test_search_jsonl(tmp_path: Path) -> None:
    """`gwbot search` returns ranked entries with scores."""
    result = gwbot(
        "search", "--jsonl", "--top", "3", folder=tmp_path, stdin='{"id": 1, "question": "Collective Impact"}\n'
    )

    ranked = json.loads(result.stdout)

    assert len(ranked["results"]) == 3
    assert set(ranked["results"][0]) == {"entry", "score"}


def test_interrupt_while_loading(tmp_path: Path) -> None:
    """Ctrl-C while the command line is being loaded ends it without a traceback."""
    command = [sys.executable, "-X", "importtime", "-m", "bot", "--help"]
    with subprocess.Popen(command, env=environment(tmp_path), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        next(line for line in process.stderr if line.rstrip().endswith("click"))
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()

    assert (process.returncode, "Traceback" in rest) == (-signal.SIGINT, False)


@pytest.mark.parametrize(
    "arguments", [("ask",), ("ask", "Frage", "--jsonl"), ("search",), ("nonsense",), ("run", "--mode", "x")]
)
def test_wrong_usage(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Wrong usage ends with exit code 2 and a usage hint."""
    fails(gwbot(*arguments, folder=tmp_path), "Usage:", code=2)


def test_command_of_a_group_is_suggested(tmp_path: Path) -> None:
    """A command without its group is answered with the groups that have one of this name."""
    fails(gwbot("list", folder=tmp_path), "Did you mean 'requests list' or 'tenant list'?", code=2)


def test_knowledge_folder_in_both_ways(tmp_path: Path) -> None:
    """The folder to check may be an argument or --knowledge, not both; what is wrong with it is said in German."""
    for folder in (("nichts",), ("--knowledge", "nichts")):
        fails(
            gwbot("knowledge", "check", *folder, folder=tmp_path),
            "nichts: Fehler: Diesen Wissensordner gibt es nicht.",
        )
    fails(gwbot("knowledge", "check", "a", "--knowledge", "b", folder=tmp_path), "Give the folder once", code=2)


def test_folders_that_cannot_be_used(tmp_path: Path) -> None:
    """A file in place of a folder, and an index folder without an index, are named in one sentence."""
    (tmp_path / "datei").write_text("x", encoding="utf-8")
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "a.md").write_text("Text", encoding="utf-8")
    fails(
        gwbot("index", "build", "--knowledge", "w", "--out", "datei", folder=tmp_path), "datei cannot be used: File"
    )
    fails(gwbot("ask", "--index", "w", "x", folder=tmp_path), "no index in w. To build one", "index build --out w")


def test_mode_needs_a_token(tmp_path: Path) -> None:
    """With --mode a real bot is meant, so that without a token no sandbox opens."""
    fails(gwbot("run", "--mode", "polling", folder=tmp_path), "GW_TELEGRAM_TOKEN: needed for --mode polling")


def test_binary_questions_file(tmp_path: Path) -> None:
    """A file of labelled questions that is no text is named, with the line."""
    (tmp_path / "q.jsonl").write_bytes(b"\xff")
    fails(gwbot("eval", "--questions", "q.jsonl", folder=tmp_path), "q.jsonl:1: error: not UTF-8; save the file ")


def test_missing_encoder_names_the_command_to_run(tmp_path: Path) -> None:
    """Without an encoder, every command that needs one, except `gwbot run`, names the command that prepares it."""
    for arguments in (("ask", "Hallo"), ("index", "build"), ("search", "x"), ("eval",)):
        fails(gwbot(*arguments, folder=tmp_path, data=tmp_path / "data"), "gwbot model prepare")


def test_invalid_setting_is_named(tmp_path: Path) -> None:
    """The error about an invalid setting names the environment variable."""
    fails(gwbot("run", folder=tmp_path, GW_RETENTION_DAYS="ewig"), "GW_RETENTION_DAYS")


def test_knowledge_check(tmp_path: Path) -> None:
    """Mistakes in content are reported with file and line."""
    (tmp_path / "leer.md").write_text("", encoding="utf-8")

    check = ("knowledge", "check", str(tmp_path))
    fails(gwbot(*check, folder=tmp_path), "leer.md:1: Fehler: Die Datei ist leer.", "Fehler: 1. Hinweise: 0.")
    (tmp_path / "leer.md").write_text("Text", encoding="utf-8")
    (tmp_path / "contacts.yaml").write_text("contacts:\n- {id: a, name: b, role: c, phone: 115, email: kein at}\n")
    fails(gwbot(*check, folder=tmp_path), "contacts.yaml:2: Fehler: „kein at“ ist keine E-Mail")
    english = gwbot(*check, "--lang", "en", folder=tmp_path)
    fails(english, "contacts.yaml:2: error: 'kein at' is not an e-mail")


def test_hint_is_no_error(tmp_path: Path) -> None:
    """A hint looks different from an error and leaves the exit code at 0, unless --strict is given."""
    folder = copy_light_knowledge(tmp_path / "wissen")
    (folder / "content/en/backbone.md").unlink()
    (folder / "content/de/entwurf.docx").write_bytes(b"PK")

    lenient = gwbot("knowledge", "check", "wissen", folder=tmp_path)
    strict = gwbot("knowledge", "check", "wissen", "--strict", folder=tmp_path)

    assert "backbone.md: Hinweis: In der Sprache „en“ fehlt der Eintrag." in lenient.stderr
    assert "entwurf.docx: Hinweis: Diese Datei liest der Bot nicht" in lenient.stderr
    assert (lenient.returncode, strict.returncode) == (0, 1)


def test_new_entry(tmp_path: Path) -> None:
    """A new entry has a file in each language; the check asks for what is to be filled in, and then accepts it."""
    folder = copy_light_knowledge(tmp_path / "wissen")
    paths = [folder / "content" / lang / "versicherung-fuer-alle.md" for lang in ("de", "en")]

    created = gwbot("knowledge", "new", "Versicherung", "für alle", "--knowledge", "wissen", folder=tmp_path)
    unfilled = gwbot("knowledge", "check", "wissen", folder=tmp_path)
    for path in paths:
        text = re.sub("‹[^›]*backbone›", "backbone", path.read_text("utf-8"))
        text = re.sub("‹https://[^›]*›", "https://example.org/", text)
        path.write_text(re.sub("‹[^›]*›", lambda match: f"Wort {match.start()}", text), "utf-8")
    filled = gwbot("knowledge", "check", "wissen", folder=tmp_path)

    assert "versicherung-fuer-alle.md: Zeilen 2, 4-5, 7, 9-32, 34-39, 41" in created.stdout
    fails(unfilled, "versicherung-fuer-alle.md:2: Fehler: Noch auszufüllen, wo ‹…› steht: Zeilen 2, 4", "Fehler: 2.")
    assert filled.returncode == 0, filled.stderr
    assert not [line for line in filled.stderr.splitlines() if "/versicherung-fuer-alle.md" in line]
    fails(gwbot("knowledge", "new", "versicherung-fuer-alle.md", "--knowledge", "wissen", folder=tmp_path), "schon")


def test_any_folder_from_build_to_search(tmp_path: Path) -> None:
    """Any folder of Markdown files can be indexed, inspected, verified and searched."""
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "garten.md").write_text("# Garten\n\nDer Garten öffnet um neun Uhr.", encoding="utf-8")
    (tmp_path / "w" / "hund.md").write_text("# Hunde\n\nHunde bleiben an der Leine.", encoding="utf-8")

    built = gwbot("index", "build", "--knowledge", "w", "--out", "i", folder=tmp_path)
    status = gwbot("index", "status", "--index", "i", folder=tmp_path)
    verified = gwbot("index", "verify", "--index", "i", folder=tmp_path)
    ranked = gwbot("search", "--index", "i", *["Wann", "macht", "der", "Garten", "auf?"], folder=tmp_path)

    assert (built.returncode, verified.returncode) == (0, 0), built.stderr + verified.stderr
    assert "2 in de" in status.stdout
    assert ranked.stdout.split()[:3] == ["score", "entry", "title"]
    assert ranked.stdout.splitlines()[1].split()[1:] == ["garten", "Garten"]


def test_chat_in_the_terminal(tmp_path: Path, prepared: Path) -> None:
    """Without a token the bot runs in the terminal, with numbers for buttons, and stores requests as usual."""
    typed = "Was ist Collective Impact?\n1\n/kontakt\n/beratung\nWir suchen Rat.\n" + 6 * "1\n"  # the form's buttons
    result = gwbot_process("run", folder=tmp_path, stdin=typed, data=prepared, PORT="0")
    listed = gwbot("requests", "list", folder=tmp_path)

    assert result.returncode == 0, result.stderr
    assert "Guten Tag!" in result.stdout
    assert "Aus der Fachliteratur:" in result.stdout
    assert "jacob.rohm@phineo.org" in result.stdout
    assert "Wir suchen Rat." in listed.stdout
    assert "the sandbox is open: " in result.stderr


def test_requests_backup_restore_purge_migrate(tmp_path: Path) -> None:
    """The operator's commands work on an empty store and report what they did."""
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
    """`gwbot doctor` prints one line per check; it exits with 1 if any fails, with --live also for what is to do."""
    with FakeTelegram() as fake_telegram:
        (tmp_path / ".env").write_text(f"GW_TELEGRAM_API_URL={fake_telegram.url}\nGW_ADVISOR_CHAT=-100", "utf-8")
        good, unready = (
            gwbot("doctor", *flags, folder=tmp_path, GW_TELEGRAM_TOKEN=fake_telegram.token)
            for flags in ((), ("--live",))
        )
        bad = gwbot("doctor", folder=tmp_path, GW_TELEGRAM_TOKEN="1:falsch")

    assert (good.returncode, unready.returncode, bad.returncode) == (0, 1, 1), good.stdout
    assert "todo  settings: GW_ADVISOR_CHAT is not a setting" in good.stdout
    assert "Did you mean GW_ADVISER_CHAT" in good.stdout
    assert "todo  operator: GW_OPERATOR is not set" in good.stdout
    assert "Not ready to go live: 0 wrong, 3 to do." in good.stdout
    assert "ok    telegram: @standin_bot, inline mode on" in good.stdout
    assert "wrong telegram: Telegram does not know this token" in bad.stdout


def test_doctor_names_all_wrong_settings(tmp_path: Path) -> None:
    """All wrong settings are named at once, also contradictions; what needs none of them is checked."""
    result = gwbot(
        "doctor",
        folder=tmp_path,
        GW_TELEGRAM_TOKEN="falsch",
        GW_RETENTION_DAYS="bald",
        GW_WEBHOOK_URL="https://a.example",
        GW_SMTP_URL="smtp://127.0.0.1:1",
        PORT="x",
    )

    assert result.returncode == 1
    lines = result.stdout.splitlines()
    for variable in ("GW_TELEGRAM_TOKEN", "PORT", "GW_RETENTION_DAYS", "GW_WEBHOOK_SECRET", "GW_MAIL_FROM"):
        assert len([line for line in lines if line.startswith(f"wrong settings: {variable}")]) == 1, result.stdout
    assert [part for part in ("encoder", "index", "store") if f"\nok    {part}: " not in result.stdout] == []
    assert "todo  telegram: checked once GW_TELEGRAM_TOKEN is right" in lines
    assert lines[-1].startswith("Not ready to go live: 5 wrong")


def test_doctor_checks_no_other_store(tmp_path: Path) -> None:
    """If the address of the store is wrong, the store at the default address is neither checked nor made."""
    result = gwbot("doctor", folder=tmp_path, GW_DATABASE_URL="mysql://a")

    assert "todo  store: checked once GW_DATABASE_URL is right" in result.stdout


@pytest.mark.parametrize(
    ("admin", "bot", "code", "message"),
    [
        (True, True, 0, "ok    advisers: connected, with topics"),
        (False, True, 0, "may not open any"),
        (True, False, 1, "wrong advisers: the"),
    ],
)
def test_doctor_checks_the_adviser_chat(tmp_path: Path, admin: bool, bot: bool, code: int, message: str) -> None:
    """`gwbot doctor` reports whether the bot is in the adviser chat and has the rights it needs there."""
    with FakeTelegram() as fake_telegram:
        bea = fake_telegram.add_user("Bea")
        forum = fake_telegram.add_group("Beratung", [bea], forum=True, bot_is_admin=admin)
        if not bot:
            forum.remove_bot(bea.account)
        result = gwbot(
            "doctor",
            folder=tmp_path,
            GW_TELEGRAM_API_URL=fake_telegram.url,
            GW_TELEGRAM_TOKEN=fake_telegram.token,
            GW_ADVISER_CHAT_ID=str(forum.id),
        )

    assert result.returncode == code, result.stdout
    assert message in result.stdout


def test_doctor_checks_the_mail_server(tmp_path: Path) -> None:
    """`gwbot doctor` reports an unreachable mail server without printing the password."""
    result = gwbot(
        "doctor", folder=tmp_path, GW_SMTP_URL="smtp://bot:geheim@127.0.0.1:1", GW_MAIL_FROM="bot@example.org"
    )

    assert result.returncode == 1
    assert "wrong mail: the mail server cannot be used" in result.stdout
    assert "geheim" not in result.stdout + result.stderr


def test_run_and_sigterm(tmp_path: Path) -> None:
    """`gwbot run` answers on Telegram, stops cleanly on SIGTERM, and catches up on messages after a restart."""
    with FakeTelegram() as fake_telegram:
        ada = fake_telegram.add_user("Ada", language_code="de", started=True)
        env = environment(tmp_path, GW_TELEGRAM_TOKEN=fake_telegram.token, GW_TELEGRAM_API_URL=fake_telegram.url)
        for question in ("Was ist Collective Impact?", "Was ist ein Backbone?"):
            ada.send_text(question)
            with started("run", cwd=tmp_path, env=env, stderr=subprocess.PIPE) as process:
                answer = ada.wait_for_reply_sync(timeout=60)
                process.send_signal(signal.SIGTERM)
                _, log = process.communicate(timeout=60)

            assert "Aus der Fachliteratur:" in answer.text
            assert process.returncode == 0
            assert "stopped; all data is saved" in log
            assert question not in log
            assert fake_telegram.token not in log
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


def test_run_builds_missing_index(without_index: Path) -> None:
    """Without an index the sandbox builds one, says so on standard error, and answers from it."""
    question, data = "Wann öffnet der Garten?\n", without_index / "data"
    result = gwbot_process("run", folder=without_index, data=data, stdin=question, GW_KNOWLEDGE_DIR="w", PORT="0")

    assert result.returncode == 0, result.stderr
    assert "Building the index of w (once) …\n" in result.stderr
    assert "um neun Uhr" in result.stdout


def test_run_with_token_builds_missing_index(without_index: Path) -> None:
    """With a token a missing index is built and the log says so at any level, but a damaged one is an error."""
    data = without_index / "data"
    with FakeTelegram() as fake_telegram:
        ada = fake_telegram.add_user("Ada", language_code="de", started=True)
        ada.send_text("Wann öffnet der Garten?")
        settings = {
            "GW_KNOWLEDGE_DIR": "w",
            "GW_LOG_FORMAT": "json",
            "GW_LOG_LEVEL": "ERROR",
            "GW_TELEGRAM_TOKEN": fake_telegram.token,
            "GW_TELEGRAM_API_URL": fake_telegram.url,
        }
        variables = environment(without_index, data, **settings)
        with started("run", cwd=without_index, env=variables, stderr=subprocess.PIPE) as process:
            answer = ada.wait_for_reply_sync(timeout=60)
            process.send_signal(signal.SIGTERM)
            log = process.communicate(timeout=30)[1]
        (data / "index" / "current" / "manifest.json").write_text("{}", encoding="utf-8")
        with_damaged_index = gwbot_process("run", folder=without_index, data=data, **settings)

    assert "um neun Uhr" in answer.text
    assert json.loads(log.splitlines()[0])["message"] == "Building the index of w (once) …"
    fails(with_damaged_index, "manifest.json is damaged. Run: gwbot index build")


def test_unknown_token(tmp_path: Path) -> None:
    """A token that Telegram does not know is reported as a clear error."""
    with FakeTelegram() as fake_telegram:
        url = fake_telegram.url
        result = gwbot_process("run", folder=tmp_path, GW_TELEGRAM_TOKEN="1:falsch", GW_TELEGRAM_API_URL=url)

    fails(result, "Telegram does not know this token. Check GW_TELEGRAM_TOKEN.")
