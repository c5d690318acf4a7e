"""The whole stage as one JSON object, with the bot's store, and back."""

import base64
import binascii
import tempfile
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bot.errors import GwError
from bot.sandbox.fake_telegram.world import snapshot
from bot.sandbox.fake_telegram.world.world import World
from bot.sandbox.simulation.actions import Refused
from bot.sandbox.simulation.smtp_sink import Mail
from bot.sandbox.simulation.stage import Answer, Stage
from bot.store.sqlite.backup import backup, restore

Json = dict[str, Any]

FORMAT = "gwbot sandbox 1"


@dataclass(frozen=True)
class Kept:
    """What was read from a saved state. ``store`` is empty where the bot begins without a memory."""

    world: World
    roles: dict[int, str]
    cast: dict[str, int]
    group: int
    ahead: float
    mails: list[Mail]
    answers: list[Answer]
    store: bytes


def saved(stage: Stage, database: Path) -> Json:
    """The state as JSON; the bot must not be at work meanwhile."""
    with stage.world.condition:
        return {
            "format": FORMAT,
            "world": snapshot.saved(stage.world),
            "roles": [list(item) for item in stage.roles.items()],
            "cast": stage.cast,
            "group": stage.group,
            "ahead": stage.ahead,
            "mails": [asdict(mail) for mail in stage.shown.mails],
            "answers": [asdict(answer) for answer in stage.shown.answers],
            "store": base64.b64encode(_copy(database)).decode(),
        }


def read(stage: Stage, data: object) -> Kept:
    """A saved state; raises Refused where it is none."""
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise Refused("Das ist kein gesicherter Stand dieser Probebühne.")
    try:
        kept = Kept(
            world=snapshot.read(stage.world, data["world"]),
            roles={int(person): str(role) for person, role in data["roles"]},
            cast={str(name): int(person) for name, person in data["cast"].items()},
            group=int(data["group"]),
            ahead=float(data["ahead"]),
            mails=[Mail(**mail | {"attachments": tuple(mail["attachments"])}) for mail in data["mails"]],
            answers=[Answer(**one | {"entries": tuple(map(tuple, one["entries"]))}) for one in data["answers"]],
            store=base64.b64decode(data["store"], validate=True),
        )
        missing = {*kept.roles, *kept.cast.values(), kept.group} - set(kept.world.chats)
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as error:
        raise Refused(f"Der gesicherte Stand ist beschädigt ({type(error).__name__}: {error}).") from None
    if missing:
        raise Refused("Der gesicherte Stand ist beschädigt: Es fehlen Chats.")
    return kept


def put(stage: Stage, kept: Kept, database: Path) -> None:
    """Bring a saved state onto the stage; the bot must not be at work meanwhile.

    Raises Refused, and changes nothing, where the store cannot be read.
    """
    _replace(database, kept.store)
    snapshot.put(stage.world, kept.world)
    with stage.changing() as shown:
        stage.world.calls.clear()
        stage.roles, stage.cast, stage.group, stage.ahead = kept.roles, kept.cast, kept.group, kept.ahead
        shown.mails = deque(kept.mails, shown.mails.maxlen)
        shown.answers = deque(kept.answers, shown.answers.maxlen)


def _copy(database: Path) -> bytes:
    if not database.exists():
        return b""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bot.db"
        backup(database, file)
        return file.read_bytes()


def _replace(database: Path, content: bytes) -> None:
    if not content:
        for path in database.parent.glob(f"{database.name}*"):
            path.unlink()
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bot.db"
        file.write_bytes(content)
        try:
            before = restore(file, database)
        except GwError:
            raise Refused("Der gesicherte Stand ist beschädigt: Die Datenbank lässt sich nicht lesen.") from None
    if before:
        before.unlink()
