"""A kept conversation is had again, and every turn that goes otherwise is named."""

from pathlib import Path

import pytest

from bot.app.replay import (
    ReplayFile,
    ReplayTurn,
    describe_expectation,
    format_replay,
    read_replay,
    replay_conversation,
)
from bot.settings import Settings
from index.search.live_index import LiveIndex
from knowledge.errors import ContentError


def write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def test_conversation_is_compared(live: LiveIndex, tmp_path: Path) -> None:
    """Statuses, entries, texts and buttons are compared; a follow-up refers to the answer before, as in a chat."""
    text = """
lang: de
turns:
  - {say: /start, shows: Guten Tag}
  - {say: Was ist Collective Impact?, status: answered, shows: Aus der Fachliteratur}
  - {say: Wie ist das Wetter?, status: answered}
  - {say: Was ist ein Backbone?, entry: kosten, shows: Elefant}
  - {tap: Gibt es nicht}
"""
    replay = read_replay(write(tmp_path / "a.yaml", text))
    turns: list[str] = []

    differences = replay_conversation(
        Settings(_env_file=None), live, replay, lambda expected, turn: turns.append(expected.act)
    )

    assert [difference.number for difference in differences] == [3, 4, 5]
    assert differences[0].reasons[0].startswith("expected answered, got abstained")
    assert differences[1].reasons == ("expected kosten, got answered backbone", "“Elefant” is not shown")
    assert differences[2].reasons == ("there is no such button",)
    assert len(turns) == 4


def test_documented_conversation(live: LiveIndex, tmp_path: Path) -> None:
    """The conversation that docs/redaktion.md shows goes as it says there."""
    text = (Path(__file__).parents[3] / "docs" / "redaktion.md").read_text("utf-8")
    example = text.split("```yaml\n")[1].split("```")[0]
    replay = read_replay(write(tmp_path / "chat.yaml", example))

    assert replay_conversation(Settings(_env_file=None), live, replay, lambda expected, turn: None) == []
    assert [turn.act for turn in replay.turns][1:] == ["[Mehr]", "“Was kostet das?”"]


def test_many_turns_meet_no_limit(live: LiveIndex) -> None:
    """A conversation may be longer than the messages that a person may send in a minute."""
    replay = ReplayFile((ReplayTurn(say="Wie ist das Wetter?", status="abstained"),) * 20)

    assert replay_conversation(Settings(_env_file=None), live, replay, lambda expected, turn: None) == []


def test_kept_conversation_is_read_again(tmp_path: Path) -> None:
    """What is written is read again, with a quotation mark in it, and as JSON lines too."""
    turns = [
        describe_expectation('Was ist "das": ein Backbone?', "", [("answered", ("backbone",))]),
        describe_expectation("", "Mehr", []),
        describe_expectation("Kosten?", "", [("clarify", ("kosten", "beratung"))]),
    ]

    replay = read_replay(write(tmp_path / "a.yaml", format_replay("de", turns)))
    line = '{"say": "Kosten?", "status": "clarify", "entries": ["kosten", "beratung"]}\n'

    assert (replay.lang, list(replay.turns)) == ("de", turns)
    assert read_replay(write(tmp_path / "a.jsonl", line)).turns == tuple(turns[2:])


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.yaml", "turns:\n  - status: answered\n", "a.yaml:2: a turn needs either 'say'"),
        ("a.yaml", "turns:\n  - say: a\n    status: richtig\n", "a.yaml:3: unknown status 'richtig'"),
        ("a.jsonl", '{"say": "a"}\n{"sag": "b"}\n', "a.jsonl:2: unknown key 'sag', perhaps 'say'"),
    ],
)
def test_mistake_in_the_file(tmp_path: Path, name: str, text: str, message: str) -> None:
    """A mistake in a kept conversation is named with its line."""
    with pytest.raises(ContentError) as caught:
        read_replay(write(tmp_path / name, text))

    assert message in str(caught.value)
