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
from tests.end_to_end.tenants.conftest import HOURS, knowledge_of
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


def test_life_of_a_tenant(tmp_path: Path, data: Path) -> None:
    """A tenant is added, listed, queried, backed up, disabled, enabled and removed; its token is never shown."""
    knowledge = knowledge_of(tmp_path / "kiel", "neun")
    token, home = "111111:AA_geheim", data / "tenants" / "kiel"
    given = ("--knowledge", str(knowledge), "--adviser-chat", "-4", "--language", "en", "--operator", "Stadt 'Kiel'")

    added = gwbot("tenant", "add", "kiel", *given, folder=tmp_path, data=data, stdin=f"{token}\n")
    listed = gwbot("tenant", "list", folder=tmp_path, data=data)
    asked = gwbot("--tenant", "kiel", "ask", "Wann öffnet der Stadtgarten?", folder=tmp_path, data=data)
    own = gwbot("ask", "Wann öffnet der Stadtgarten?", folder=tmp_path, data=data)
    kept = gwbot("--tenant", "kiel", "backup", "kiel.db", folder=tmp_path, data=data)
    early = gwbot("tenant", "remove", "kiel", "--yes", folder=tmp_path, data=data)
    off = gwbot("tenant", "disable", "kiel", folder=tmp_path, data=data)
    rests = gwbot("tenant", "list", folder=tmp_path, data=data)
    unsure = gwbot("tenant", "remove", "kiel", folder=tmp_path, data=data)
    on = gwbot("tenant", "enable", "kiel", folder=tmp_path, data=data)
    runs = (home / "disabled").exists()
    gwbot("tenant", "disable", "kiel", folder=tmp_path, data=data)
    removed = gwbot("tenant", "remove", "kiel", "--yes", folder=tmp_path, data=data)

    assert added.returncode == 0, added.stderr
    assert "Contact  Amt neun, neun@example.org" in added.stdout
    assert "2 entries" in added.stdout
    assert re.search(r"^kiel +enabled +en +2 entries +0 open requests$", listed.stdout, re.M)
    assert "neun Uhr" in asked.stdout
    assert "neun Uhr" not in own.stdout
    assert kept.returncode == 0, kept.stderr
    fails(early, "gwbot tenant disable kiel")
    assert (off.returncode, on.returncode, runs) == (0, 0, False)
    assert "disabled" in rests.stdout
    fails(unsure, "add --yes")
    assert removed.returncode == 0, removed.stderr
    assert not home.exists()
    for done in (added, listed, asked, off, removed):
        assert "geheim" not in done.stdout + done.stderr


def test_tenant_in_postgres(tmp_path: Path, data: Path, postgres_server: str, database_url: str) -> None:
    """With store and index in PostgreSQL, removing a tenant deletes its data there, but not another tenant's."""
    index_url = database(postgres_server)
    variables = {"GW_DATABASE_URL": database_url, "GW_INDEX_URL": index_url}

    def run(*arguments: str, stdin: str = "") -> str:
        done = gwbot(*arguments, folder=tmp_path, data=data, stdin=stdin, **variables)
        assert done.returncode == 0, done.stderr
        return done.stdout

    for number, (name, hour) in enumerate((("kiel", "neun"), ("ulm", "zehn")), 1):
        knowledge = knowledge_of(tmp_path / name, hour)
        run("tenant", "add", name, "--knowledge", str(knowledge), stdin=f"{number}11111:AA_geheim\n")
    run("tenant", "disable", "kiel")
    run("tenant", "remove", "kiel", "--yes")
    left = run("--tenant", "ulm", "ask", "Wann öffnet der Stadtgarten?")

    with psycopg.connect(index_url) as connection:
        versions = connection.execute("SELECT name FROM gw_index.versions").fetchall()
        schemas = connection.execute("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'gw_index_%'").fetchone()
    assert "zehn Uhr" in left
    assert versions == [("ulm",)]
    assert schemas == (1,)


def test_the_index_of_all_is_kept(tmp_path: Path, data: Path) -> None:
    """Removing a tenant that shares the installation's index keeps it, even if it has the tenant's name."""
    (data / "index").unlink()
    shutil.copytree(PREPARED / "index", data / "index", symlinks=True)

    def run(*arguments: str) -> None:
        done = gwbot(*arguments, folder=tmp_path, data=data, stdin="5:AA\n", GW_INDEX_NAME="verein")
        assert done.returncode == 0, done.stderr

    run("tenant", "add", "verein")
    run("tenant", "disable", "verein")
    run("tenant", "remove", "verein", "--yes")

    run("index", "verify")
    assert not (data / "tenants" / "verein").exists()


def test_what_add_refuses(tmp_path: Path, data: Path) -> None:
    """Each mistake is a clear error and leaves nothing behind."""
    knowledge = knowledge_of(tmp_path / "kiel", "neun")
    (tmp_path / "leer").mkdir()

    def add(*arguments: str, stdin: str = "5:AA\n", **variables: str) -> Done:
        return gwbot("tenant", "add", *arguments, folder=tmp_path, data=data, stdin=stdin, **variables)

    fails(add("../kiel"), "A tenant's name consists")
    fails(add("kiel", stdin=""), "That is not a token")
    fails(add("kiel", GW_TELEGRAM_TOKEN="5:BB"), "This is the token of main")
    fails(add("kiel", "--knowledge", "nichts"), "does not exist")
    fails(add("kiel", "--language", "fr"), "Usage:", code=2)
    (knowledge / "contacts.yaml").write_text("contacts: []", encoding="utf-8")
    fails(add("kiel", "--knowledge", str(knowledge)), "contacts.yaml:1: 'contacts' must not be empty")
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
    fails(gwbot("--tenant", "../x", "doctor", folder=tmp_path, data=data), "A tenant's name consists")
    fails(gwbot("--tenant", "a", "tenant", "list", folder=tmp_path, data=data), "Usage:", code=2)
    assert "No tenants." in gwbot("tenant", "list", folder=tmp_path, data=data).stderr


def test_run_and_doctor(tmp_path: Path, data: Path) -> None:
    """`gwbot run` runs all tenants with one encoder in memory; `gwbot doctor` checks each."""
    with ExitStack() as opened:
        people = []
        for number, (name, hour) in enumerate(HOURS.items(), 111_111_111):
            fake_telegram = opened.enter_context(FakeTelegram(token=f"{number}:AA_{name}", username=f"{name}_bot"))
            (tmp_path / "token").write_text(fake_telegram.token, encoding="utf-8")
            given = ("--token-from", "token", "--knowledge", str(knowledge_of(tmp_path / name, hour)))
            assert gwbot("tenant", "add", name, *given, folder=tmp_path, data=data).returncode == 0
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
