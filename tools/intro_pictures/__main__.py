"""Draw the pictures of the introduction from NAME.typ: `python -m tools.intro_pictures [NAME …]`."""

import io
import sys
from pathlib import Path

import typst
from PIL import Image

from tools import PROJECT_ROOT

SOURCES_FOLDER = Path(__file__).parent
TARGET_FOLDER = PROJECT_ROOT / "knowledge" / "intro" / "pictures"
STYLE_SOURCE = "style"
PALETTE_SIZE = 64  # enough for flat colours with smooth edges


def render_picture(source: Path) -> bytes:
    """Return the picture drawn from a source file, as a small PNG."""
    content = typst.compile(source, format="png", ppi=72.0)
    assert isinstance(content, bytes)
    image = Image.open(io.BytesIO(content)).convert("RGB").quantize(PALETTE_SIZE, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def main(names: list[str]) -> None:
    """Draw the pictures with these names, or all."""
    TARGET_FOLDER.mkdir(exist_ok=True)
    for source in sorted(SOURCES_FOLDER.glob("*.typ")):
        if source.stem != STYLE_SOURCE and (not names or source.stem in names):
            (TARGET_FOLDER / f"{source.stem}.png").write_bytes(render_picture(source))


if __name__ == "__main__":
    main(sys.argv[1:])
