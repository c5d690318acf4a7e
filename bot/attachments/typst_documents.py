"""Documents typeset by typst: the chart of a self-check (PNG) and the hand-out (PDF).

Values are passed as JSON and set as text, so markup in them is never interpreted.
"""

import json
from pathlib import Path
from typing import Literal

import font_source_sans_pro
import typst

from bot.attachments.rendered_file import AttachmentValues, RenderedFile

TEMPLATES_FOLDER = Path(__file__).parent
TYPST_FONTS = typst.Fonts(include_system_fonts=False, font_paths=[Path(font_source_sans_pro.font_directory)])
PIXELS_PER_INCH = 216.0  # 1,080 pixels across, which Telegram shows without scaling
CHART_FILE_NAME, HANDOUT_FILE_NAME = "selbst-check.png", "gemeinsam-wirken-zum-mitnehmen.pdf"


def render_chart(values: AttachmentValues) -> RenderedFile:
    """Render the chart as a PNG with a light background, so that it looks the same in a dark chat."""
    return RenderedFile(CHART_FILE_NAME, _compile_document("chart.typ", values, "png"))


def render_handout(values: AttachmentValues) -> RenderedFile:
    """Render the hand-out as a tagged PDF (PDF/UA-1)."""
    try:
        return RenderedFile(HANDOUT_FILE_NAME, _compile_document("handout.typ", values, "pdf", "ua-1"))
    except typst.TypstError:  # no font here has one of the characters: tagged, but not declared as PDF/UA
        return RenderedFile(HANDOUT_FILE_NAME, _compile_document("handout.typ", values, "pdf"))


def _compile_document(
    template: str, values: AttachmentValues, output_format: Literal["png", "pdf"], *pdf_standards: Literal["ua-1"]
) -> bytes:
    content = typst.compile(
        TEMPLATES_FOLDER / template,
        root=TEMPLATES_FOLDER,
        font_paths=TYPST_FONTS,
        format=output_format,
        ppi=PIXELS_PER_INCH,
        sys_inputs={"data": json.dumps(values, ensure_ascii=False)},
        pdf_standards=list(pdf_standards),
    )
    assert isinstance(content, bytes)
    return content
