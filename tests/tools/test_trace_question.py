"""The way of a question: rooms, reads, and the real bot."""

import sqlite3
from pathlib import Path

import pytest

from tests.support.paths import PREPARED
from tools.call_tracer import Call, Function
from tools.trace_question import Level, count_reads, is_move, main, room_of, watch_connections


@pytest.mark.parametrize(
    ("file", "house", "two_levels", "folders"),
    [
        ("bot/flows/relay/notices.py", "bot/flows", "bot/flows", "bot/flows/relay"),
        ("bot/store/records.py", "bot/store", "bot/store", "bot/store"),
        ("bot/errors.py", "bot/errors", "bot/errors", "bot/errors"),
        ("index/search/searcher.py", "index", "index/search", "index/search"),
        ("prompts/render.py", "prompts", "prompts", "prompts"),
    ],
)
def test_room_follows_from_the_path(file: str, house: str, two_levels: str, folders: str) -> None:
    """A room is a folder at each level, and a module directly in bot/ is one by itself."""
    assert room_of(file, Level.HOUSE) == house
    assert room_of(file, Level.TWO_LEVELS) == two_levels
    assert room_of(file, Level.FOLDERS) == folders


def test_only_calls_into_another_room_are_moves() -> None:
    """A call within a room is no move, nor is the beginning of a phase."""
    searcher, scoring = Function("index/search/searcher.py", "search"), Function("index/text/analyzer.py", "split")

    assert not is_move(Call("handling", None, scoring))
    assert not is_move(Call("handling", searcher, scoring))
    assert is_move(Call("handling", searcher, scoring), Level.TWO_LEVELS)


def test_reads_of_writing_transactions_are_counted_apart() -> None:
    """SELECT between BEGIN and COMMIT belongs to the writing; a savepoint around a read changes nothing."""
    statements = [
        'SAVEPOINT "query"',
        "SELECT body FROM states",
        'RELEASE "query"',
        "BEGIN IMMEDIATE",
        "SELECT 1 FROM states",
        "INSERT INTO outbox DEFAULT VALUES",
        "COMMIT",
        "\n  select count(*) FROM outbox",
    ]

    assert count_reads(statements) == (2, 1)


def test_only_connections_to_the_folder_are_watched(tmp_path: Path) -> None:
    """A database elsewhere is left alone."""
    connections = watch_connections(tmp_path)
    inside, outside = sqlite3.connect(tmp_path / "bot.db"), sqlite3.connect(":memory:")

    assert connections == [inside]

    inside.close()
    outside.close()


def test_question_is_traced_through_the_real_bot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both phases have files and the handling reads the store; the walk names rooms, files and functions."""
    monkeypatch.setenv("GW_DATA_DIR", str(PREPARED))
    monkeypatch.chdir(tmp_path)

    main(["--files", "--walk"])

    printed = capsys.readouterr().out
    figures = {line[:34].strip(): [int(value) for value in line[34:].split()] for line in printed.splitlines()[3:12]}
    assert min(figures["files"]) > 0
    assert figures["store reads"][0] > 0
    assert figures["rooms"][2] <= figures["rooms of two levels"][2] <= figures["folders"][2]
    assert "  index/" in printed
    assert "bot/sandbox" not in printed
    assert sum(" -> " in line for line in printed.splitlines()) == figures["moves between rooms"][2]
