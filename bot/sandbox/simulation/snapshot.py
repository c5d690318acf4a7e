"""Save the whole simulation with the bot's store as one JSON object, and restore it."""

import base64
import binascii
import tempfile
from collections import deque
from dataclasses import asdict, astuple, dataclass
from pathlib import Path

from bot.errors import GwError
from bot.sandbox.fake_telegram.rules.schema import Json
from bot.sandbox.fake_telegram.world import snapshot
from bot.sandbox.fake_telegram.world.world import World
from bot.sandbox.simulation.actions import ActionRefused
from bot.sandbox.simulation.smtp_sink import ReceivedMail
from bot.sandbox.simulation.state import AnswerRecord, SimulationState, TurnMark
from bot.store.sqlite.backup import backup_store, restore_store

SNAPSHOT_FORMAT = "gwbot sandbox 1"


@dataclass(frozen=True)
class Snapshot:
    """A parsed saved state; an empty ``store`` means that the bot starts without a memory."""

    world: World
    roles: dict[int, str]
    personas: dict[str, int]
    adviser_chat_id: int
    clock_offset: float
    mails: list[ReceivedMail]
    answers: list[AnswerRecord]
    turns: list[TurnMark]
    store: bytes


def take_snapshot(simulation: SimulationState, database: Path) -> Json:
    """Return the state as JSON; the bot must not be running."""
    with simulation.world.condition:
        return {
            "format": SNAPSHOT_FORMAT,
            "world": snapshot.dump_world(simulation.world),
            "roles": [list(item) for item in simulation.roles.items()],
            "cast": simulation.personas,
            "group": simulation.adviser_chat_id,
            "ahead": simulation.clock_offset,
            "mails": [asdict(mail) for mail in simulation.panel.mails],
            "answers": [asdict(answer) for answer in simulation.panel.answers],
            "turns": [astuple(mark) for mark in simulation.panel.turns],
            "store": base64.b64encode(_copy_database(database)).decode(),
        }


def parse_snapshot(simulation: SimulationState, data: object) -> Snapshot:
    """Parse a saved state; raises ActionRefused if it is invalid."""
    if not isinstance(data, dict) or data.get("format") != SNAPSHOT_FORMAT:
        raise ActionRefused(
            "Das ist kein gesicherter Stand dieser Sandbox.", "This is not a saved state of this sandbox."
        )
    try:
        saved_state = Snapshot(
            world=snapshot.load_world(simulation.world, data["world"]),
            roles={int(person): str(role) for person, role in data["roles"]},
            personas={str(name): int(person) for name, person in data["cast"].items()},
            adviser_chat_id=int(data["group"]),
            clock_offset=float(data["ahead"]),
            mails=[_parse_mail(mail) for mail in data["mails"]],
            answers=[
                AnswerRecord(
                    **answer
                    | {"entries": tuple(map(tuple, answer["entries"])), "shown": tuple(answer.get("shown", ()))}
                )
                for answer in data["answers"]
            ],
            turns=[TurnMark(*map(int, mark)) for mark in data.get("turns", ())],
            store=base64.b64decode(data["store"], validate=True),
        )
        missing = {*saved_state.roles, *saved_state.personas.values(), saved_state.adviser_chat_id} - set(
            saved_state.world.chats
        )
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as error:
        raise ActionRefused(
            f"Der gesicherte Stand ist beschädigt ({type(error).__name__}: {error}).",
            f"The saved state is damaged ({type(error).__name__}: {error}).",
        ) from None
    if missing:
        raise ActionRefused(
            "Der gesicherte Stand ist beschädigt: Es fehlen Chats.",
            "The saved state is damaged: chats are missing.",
        )
    return saved_state


def restore_snapshot(simulation: SimulationState, saved_state: Snapshot, database: Path) -> None:
    """Replace the state by a saved one; the bot must not be running.

    Raises ActionRefused, without changing anything, if the store cannot be read.
    """
    _replace_database(database, saved_state.store)
    snapshot.restore_world(simulation.world, saved_state.world)
    with simulation.changing_state() as panel:
        simulation.world.calls.clear()
        simulation.mailbox.clear()
        simulation.roles, simulation.personas, simulation.adviser_chat_id, simulation.clock_offset = (
            saved_state.roles,
            saved_state.personas,
            saved_state.adviser_chat_id,
            saved_state.clock_offset,
        )
        panel.mails = deque(saved_state.mails, panel.mails.maxlen)
        panel.answers = deque(saved_state.answers, panel.answers.maxlen)
        panel.turns = deque(saved_state.turns, panel.turns.maxlen)


def _parse_mail(data: Json) -> ReceivedMail:
    files = tuple(data.get("files", ()))  # which older versions did not keep
    return ReceivedMail(**data | {"attachments": tuple(data["attachments"]), "files": files})


def _copy_database(database: Path) -> bytes:
    if not database.exists():
        return b""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bot.db"
        backup_store(database, file)
        return file.read_bytes()


def _replace_database(database: Path, content: bytes) -> None:
    if not content:
        for path in database.parent.glob(f"{database.name}*"):
            path.unlink()
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bot.db"
        file.write_bytes(content)
        try:
            previous = restore_store(file, database)
        except GwError:
            raise ActionRefused(
                "Der gesicherte Stand ist beschädigt: Die Datenbank lässt sich nicht lesen.",
                "The saved state is damaged: its database cannot be read.",
            ) from None
    if previous:
        previous.unlink()
