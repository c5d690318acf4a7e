"""`gwbot tenant` and `gwbot --tenant`."""

import os
import re
import shutil
import signal
import subprocess
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from bot.sandbox.fake_telegram import FakeTelegram
from tests.end_to_end.tenants.conftest import HOURS, write_knowledge
from tests.support.command_line import Done, environment, fails, gwbot, started
from tests.support.paths import PREPARED
from tests.support.postgres import database


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data folder of an installation."""
    folder = tmp_path / "data"
    folder.mkdir()
    for name in ("encoder", "index"):
        (folder / name).symlink_to((PREPARED / name).resolve())
    return folder


def test_tenant_lifecycle(tmp_path: Path, data: Path) -> None:
    """A tenant is added, listed, queried, backed up, disabled, enabled and removed; its token is never shown."""
    knowledge = write_knowledge(tmp_path / "kiel", "neun")
    token, home = "111111:AA_geheim", data / "tenants" / "kiel"
    flags = ("--knowledge", str(knowledge), "--adviser-chat", "-4", "--language", "en", "--operator", "Stadt 'Kiel'")

    added = gwbot("tenant", "add", "kiel", *flags, folder=tmp_path, data=data, stdin=f"{token}\n")
    listed = gwbot("tenant", "list", folder=tmp_path, data=data)
    answer = gwbot("--tenant", "kiel", "ask", "Wann öffnet der Stadtgarten?", folder=tmp_path, data=data)
    own_answer = gwbot("ask", "Wann öffnet der Stadtgarten?", folder=tmp_path, data=data)
    backup = gwbot("--tenant", "kiel", "backup", "kiel.db", folder=tmp_path, data=data)
    while_enabled = gwbot("tenant", "remove", "kiel", "--yes", folder=tmp_path, data=data)
    disabled = gwbot("tenant", "disable", "kiel", folder=tmp_path, data=data)
    listed_disabled = gwbot("tenant", "list", folder=tmp_path, data=data)
    unconfirmed = gwbot("tenant", "remove", "kiel", folder=tmp_path, data=data)
    enabled = gwbot("tenant", "enable", "kiel", folder=tmp_path, data=data)
    still_disabled = (home / "disabled").exists()
    gwbot("tenant", "disable", "kiel", folder=tmp_path, data=data)
    removed = gwbot("tenant", "remove", "kiel", "--yes", folder=tmp_path, data=data)

    assert added.returncode == 0, added.stderr
    assert "Contact  Amt neun, neun@example.org" in added.stdout
    assert "2 entries" in added.stdout
    assert re.search(r"^kiel +enabled +en +2 entries +0 open requests$", listed.stdout, re.M)
    assert "neun Uhr" in answer.stdout
    assert "neun Uhr" not in own_answer.stdout
    assert backup.returncode == 0, backup.stderr
    fails(while_enabled, "gwbot tenant disable kiel")
    assert (disabled.returncode, enabled.returncode, still_disabled) == (0, 0, False)
    assert "disabled" in listed_disabled.stdout
    fails(unconfirmed, "add --yes")
    assert removed.returncode == 0, removed.stderr
    assert not home.exists()
    for result in (added, listed, answer, disabled, removed):
        assert "geheim" not in result.stdout + result.stderr


def test_tenant_in_postgres(tmp_path: Path, data: Path, postgres_server: str, database_url: str) -> None:
    """With store and index in PostgreSQL, removing a tenant deletes its data there, but not another tenant's."""
    index_url = database(postgres_server)
    variables = {"GW_DATABASE_URL": database_url, "GW_INDEX_URL": index_url}

    def run(*arguments: str, stdin: str = "") -> str:
        result = gwbot(*arguments, folder=tmp_path, data=data, stdin=stdin, **variables)
        assert result.returncode == 0, result.stderr
        return result.stdout

    for number, (name, hour) in enumerate((("kiel", "neun"), ("ulm", "zehn")), 1):
        knowledge = write_knowledge(tmp_path / name, hour)
        run("tenant", "add", name, "--knowledge", str(knowledge), stdin=f"{number}11111:AA_geheim\n")
    run("tenant", "disable", "kiel")
    run("tenant", "remove", "kiel", "--yes")
    answer = run("--tenant", "ulm", "ask", "Wann öffnet der Stadtgarten?")

    with psycopg.connect(index_url) as connection:
        versions = connection.execute("SELECT name FROM gw_index.versions").fetchall()
        schemas = connection.execute("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'gw_index_%'").fetchone()
    assert "zehn Uhr" in answer
    assert versions == [("ulm",)]
    assert schemas == (1,)


def test_removing_a_tenant_keeps_the_installations_index(tmp_path: Path, data: Path) -> None:
    """Removing a tenant that shares the installation's index keeps it, even if it has the tenant's name."""
    (data / "index").unlink()
    shutil.copytree(PREPARED / "index", data / "index", symlinks=True)

    def run(*arguments: str) -> None:
        result = gwbot(*arguments, folder=tmp_path, data=data, stdin="5:AA\n", GW_INDEX_NAME="verein")
        assert result.returncode == 0, result.stderr

    run("tenant", "add", "verein")
    run("tenant", "disable", "verein")
    run("tenant", "remove", "verein", "--yes")

    run("index", "verify")
    assert not (data / "tenants" / "verein").exists()


def test_invalid_tenant_is_not_added(tmp_path: Path, data: Path) -> None:
    """`gwbot tenant add` rejects invalid input with a clear error and leaves nothing behind."""
    knowledge = write_knowledge(tmp_path / "kiel", "neun")
    (tmp_path / "leer").mkdir()

    def add(*arguments: str, stdin: str = "5:AA\n", **variables: str) -> Done:
        return gwbot("tenant", "add", *arguments, folder=tmp_path, data=data, stdin=stdin, **variables)

    fails(add("../kiel"), "A tenant's name consists")
    fails(add("kiel", stdin=""), "That is not a token")
    fails(add("kiel", GW_TELEGRAM_TOKEN="5:BB"), "This is the token of main")
    fails(add("kiel", "--knowledge", "nichts"), "does not exist")
    fails(add("kiel", "--language", "fr"), "Usage:", code=2)
    (knowledge / "contacts.yaml").write_text("contacts: []", encoding="utf-8")
    fails(add("kiel", "--knowledge", str(knowledge)), "contacts.yaml:1: Fehler: Bei „contacts:“ steht nichts.")
    assert not (data / "tenants").exists()
    fails(add("kiel", "--knowledge", "leer"), "holds no Markdown file", "gwbot --tenant kiel index build")
    assert "installation's knowledge" in add("bonn", stdin="6:CC").stdout
    fails(add("kiel"), "There is a tenant kiel already")
    fails(add("ulm"), "This is the token of kiel")
    assert (data / "tenants" / "kiel" / "disabled").exists()


def test_clear_errors(tmp_path: Path, data: Path) -> None:
    """An unknown tenant, an invalid name and a tenant named twice are clear errors."""
    for arguments in (("--tenant", "bonn", "ask", "x"), ("tenant", "disable", "bonn"), ("tenant", "enable", "bonn")):
        fails(gwbot(*arguments, folder=tmp_path, data=data), "There is no tenant bonn (existing: none yet)")
    fails(gwbot("--tenant", "../x", "migrate", folder=tmp_path, data=data), "A tenant's name consists")
    fails(gwbot("--tenant", "a", "tenant", "list", folder=tmp_path, data=data), "Usage:", code=2)
    assert "No tenants." in gwbot("tenant", "list", folder=tmp_path, data=data).stderr


def test_run_and_doctor(tmp_path: Path, data: Path) -> None:
    """`gwbot run` runs all tenants with one encoder in memory; `gwbot doctor` checks each."""
    with ExitStack() as stack:
        people = []
        for number, (name, hour) in enumerate(HOURS.items(), 111_111_111):
            fake_telegram = stack.enter_context(FakeTelegram(token=f"{number}:AA_{name}", username=f"{name}_bot"))
            (tmp_path / "token").write_text(fake_telegram.token, encoding="utf-8")
            flags = ("--token-from", "token", "--knowledge", str(write_knowledge(tmp_path / name, hour)))
            assert gwbot("tenant", "add", name, *flags, folder=tmp_path, data=data).returncode == 0
            with (data / "tenants" / name / "tenant.env").open("a", encoding="utf-8") as file:
                file.write(f"GW_TELEGRAM_API_URL={fake_telegram.url}\n")
            people.append(fake_telegram.add_user("Ada", language_code="de", started=True))
        checked = gwbot("doctor", folder=tmp_path, data=data)
        env = environment(tmp_path, data, GW_LOG_FORMAT="json")
        with started("run", cwd=tmp_path, env=env, stderr=subprocess.PIPE) as process:
            for person in people:
                person.send_text("Wann öffnet der Stadtgarten?")
            answers = [person.wait_for_reply_sync(timeout=60).text for person in people]
            tables = [file for file in open_files(process.pid) if file.endswith("encoder/embeddings.npy")]
            process.send_signal(signal.SIGTERM)
            _, log = process.communicate(timeout=30)

    assert ["neun Uhr" in answers[0], "elf Uhr" in answers[1]] == [True, True]
    assert len(tables) == 1
    assert process.returncode == 0
    assert '"message": "@kiel_bot is ready: 2 entries", "tenant": "kiel"' in log
    assert checked.returncode == 0, checked.stdout
    for line in (
        "ok    kiel telegram: @kiel_bot",
        "ok    ulm index: 2 entries",
        "ok    ulm knowledge: contact Amt elf",
    ):
        assert line in checked.stdout


def open_files(pid: int) -> list[str]:
    """Return the files that a process has open."""
    return [os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()]
