"""The command line with an index in PostgreSQL: build, status, verify, search, ask, doctor."""

from functools import partial
from pathlib import Path

import pytest

from tests.support.command_line import fails, gwbot


@pytest.fixture
def data(tmp_path: Path, prepared: Path) -> Path:
    """A data folder with the prepared encoder and no index."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "encoder").symlink_to((prepared / "encoder").resolve())
    return folder


def test_all_commands(tmp_path: Path, data: Path, folder: Path, url: str) -> None:
    """If GW_INDEX_URL is set, the index is built and read there, and the data folder has none."""
    run = partial(gwbot, folder=tmp_path, data=data, GW_INDEX_URL=url)

    built = run("index", "build", "--knowledge", str(folder))
    rebuilt = run("index", "build", "--knowledge", str(folder))
    status, verify = run("index", "status"), run("index", "verify")
    search = run("search", "Wohin mit den alten Zeitungen?", "--top", "1")
    ask = run("ask", "Wohin kommt das Papier?", "--json")

    assert built.stdout.startswith("3 entries, "), built.stderr
    assert "; 0 texts embedded anew.\nIn use: gw_index_2" in rebuilt.stdout
    assert "In use      gw_index_2\nEntries     3 in de;" in status.stdout
    assert verify.stdout == "gw_index_2: all 7 tables are as they were written.\n"
    assert "muell" in search.stdout.splitlines()[1]
    assert '"entry": "muell"' in ask.stdout, ask.stderr
    assert not (data / "index").exists()


def test_no_index_or_no_server(tmp_path: Path, data: Path, url: str) -> None:
    """Without an index, without a server and with a wrong address, commands report it and show no password."""
    unreachable_url = "postgresql://gw:geheim@127.0.0.1:1/gw"
    for command in (("index", "status"), ("index", "verify"), ("ask", "Was?")):
        fails(gwbot(*command, folder=tmp_path, data=data, GW_INDEX_URL=url), "gwbot index build")
    for command in (("index", "status"), ("search", "Was?")):
        unreachable = gwbot(*command, folder=tmp_path, data=data, GW_INDEX_URL=unreachable_url)
        fails(unreachable, "PostgreSQL cannot be used for the index (OperationalError)")
        assert "geheim" not in unreachable.stdout + unreachable.stderr
    wrong = gwbot("index", "status", folder=tmp_path, data=data, GW_INDEX_URL="mysql://gw:geheim@x")
    fails(wrong, "GW_INDEX_URL: must begin with postgresql://")
    assert "geheim" not in wrong.stderr
