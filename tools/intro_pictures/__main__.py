"""Draw the pictures of the introduction from NAME.typ: `python -m tools.intro_pictures [NAME …]`."""

import io
import sys
from pathlib import Path

import typst
from PIL import Image

SOURCES = Path(__file__).parent
TARGET = Path(__file__).parents[2] / "knowledge" / "intro" / "pictures"
STYLE = "style"
COLOURS = 64  # enough for flat colours with smooth edges


def drawn(source: Path) -> bytes:
    """The picture of a source, as a small PNG."""
    content = typst.compile(source, format="png", ppi=72.0)
    assert isinstance(content, bytes)
    small = Image.open(io.BytesIO(content)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    out = io.BytesIO()
    small.save(out, "PNG", optimize=True)
    return out.getvalue()


def main(names: list[str]) -> None:
    """Draw those of the given names, or all."""
    TARGET.mkdir(exist_ok=True)
    for source in sorted(SOURCES.glob("*.typ")):
        if source.stem != STYLE and (not names or source.stem in names):
            (TARGET / f"{source.stem}.png").write_bytes(drawn(source))


if __name__ == "__main__":
    main(sys.argv[1:])
