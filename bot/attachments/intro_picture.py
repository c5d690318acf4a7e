"""Pictures that are ready: those of the introduction, drawn beforehand (see pictures/)."""

from pathlib import Path

from bot.attachments.attachment import AttachmentValues, RenderedFile
from knowledge.loader import BUILT_IN, path_or_builtin
from knowledge.records.intro import PICTURES_FOLDER


def load_picture(values: AttachmentValues) -> RenderedFile:
    """The picture of this name, from the knowledge ``folder`` where it has one."""
    name = Path(f"{values['name']}.png").name
    path = path_or_builtin(Path(values.get("folder") or BUILT_IN), f"intro/{PICTURES_FOLDER}/{name}")
    return RenderedFile(path.name, path.read_bytes())
