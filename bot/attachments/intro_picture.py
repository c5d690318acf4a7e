"""Pictures that are ready: those of the introduction, drawn beforehand (see pictures/)."""

from pathlib import Path

from bot.attachments.attachment import Drawn, Values
from knowledge.loader import HOUSE, part
from knowledge.records.intro import PICTURES


def picture(values: Values) -> Drawn:
    """The picture of this name, from the knowledge ``folder`` where it has one."""
    name = Path(f"{values['name']}.png").name
    path = part(Path(values.get("folder") or HOUSE), f"intro/{PICTURES}/{name}")
    return Drawn(path.name, path.read_bytes())
