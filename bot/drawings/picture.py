"""Pictures that are ready: those of the introduction, drawn beforehand (see pictures/)."""

from pathlib import Path

from bot.drawings.drawn import Drawn, Values
from knowledge.folder import HOUSE
from knowledge.intro import PICTURES


def picture(values: Values) -> Drawn:
    """The picture of this name."""
    path = HOUSE / "intro" / PICTURES / Path(f"{values['name']}.png").name
    return Drawn(path.name, path.read_bytes())
