"""The pictures of the introduction, which were rendered beforehand (see tools/intro_pictures)."""

from pathlib import Path

from bot.attachments.rendered_file import AttachmentValues, RenderedFile
from knowledge.loader import BUILT_IN, path_or_builtin
from knowledge.records.intro import PICTURES_FOLDER


def load_picture(values: AttachmentValues) -> RenderedFile:
    """Load the picture ``name``, from the knowledge ``folder`` if it has one, else from the built-in one."""
    name = Path(f"{values['name']}.png").name
    path = path_or_builtin(Path(values.get("folder") or BUILT_IN), f"intro/{PICTURES_FOLDER}/{name}")
    return RenderedFile(path.name, path.read_bytes())
