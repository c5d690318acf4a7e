"""Documents typeset by typst: the chart of a self-check and the QR code of a link (PNG), and the hand-out (PDF).

Values are passed as data and set as text, so markup in them is never interpreted.
"""

import json
from io import BytesIO
from pathlib import Path
from typing import Literal

import font_source_sans_pro
import segno
import typst

from bot.attachments import AttachmentValues, RenderedFile

TEMPLATES_FOLDER = Path(__file__).parent
TYPST_FONTS = typst.Fonts(include_system_fonts=False, font_paths=[Path(font_source_sans_pro.font_directory)])
PIXELS_PER_INCH = 216.0  # 1,080 pixels across, which Telegram shows without scaling
CHART_FILE_NAME, HANDOUT_FILE_NAME = "selbst-check.png", "gemeinsam-wirken-zum-mitnehmen.pdf"
QUIET_ZONE_MODULES = 4  # the margin that readers need; ISO/IEC 18004
QR_PIXELS_PER_INCH = 144.0  # 720 pixels across
QR_TEMPLATE = b"""
#set page(width: 360pt, height: auto, margin: (x: 0pt, top: 0pt, bottom: 22pt), fill: white)
#set text(font: "Libertinus Serif", fill: black, hyphenate: false)
#set par(justify: false, leading: 0.5em)
#align(center)[
  #image(bytes(sys.inputs.code), format: "svg", width: 360pt)
  #v(-16pt)
  #block(width: 312pt)[
    #text(size: 21pt, weight: "bold", sys.inputs.title)
    #v(-6pt)
    #text(size: 12.5pt, fill: luma(60), sys.inputs.link)
  ]
]
"""


def render_chart(values: AttachmentValues) -> RenderedFile:
    """Render the chart as a PNG with a light background, so that it looks the same in a dark chat."""
    return RenderedFile(CHART_FILE_NAME, _compile_document("chart.typ", values, "png"))


def render_handout(values: AttachmentValues) -> RenderedFile:
    """Render the hand-out as a tagged PDF (PDF/UA-1), with the QR code of its link if it has one."""
    link = values.get("link", {}).get("url")
    code = _draw_qr_code(link) if link else ""
    try:
        return RenderedFile(HANDOUT_FILE_NAME, _compile_document("handout.typ", values, "pdf", "ua-1", code=code))
    except typst.TypstError:  # no font here has one of the characters: tagged, but not declared as PDF/UA
        return RenderedFile(HANDOUT_FILE_NAME, _compile_document("handout.typ", values, "pdf", code=code))


def render_qr_code(values: AttachmentValues) -> RenderedFile:
    """Render a PNG of the values ``link`` and ``title``: the code, below it the title, below that the link.

    It is black on white with a margin, so that it scans in a dark chat too.
    """
    link, title = str(values["link"]), str(values["title"])
    png = typst.compile(
        QR_TEMPLATE,
        format="png",
        ppi=QR_PIXELS_PER_INCH,
        ignore_system_fonts=True,
        sys_inputs={"code": _draw_qr_code(link), "title": title, "link": link.removeprefix("https://")},
    )
    assert isinstance(png, bytes)
    return RenderedFile("qr.png", png)


def _draw_qr_code(link: str) -> str:
    """Return a QR code as SVG."""
    code = BytesIO()
    segno.make_qr(link, error="m").save(code, kind="svg", border=QUIET_ZONE_MODULES, light="white")
    return code.getvalue().decode()


def _compile_document(
    template: str,
    values: AttachmentValues,
    output_format: Literal["png", "pdf"],
    *pdf_standards: Literal["ua-1"],
    code: str = "",
) -> bytes:
    content = typst.compile(
        TEMPLATES_FOLDER / template,
        root=TEMPLATES_FOLDER,
        font_paths=TYPST_FONTS,
        format=output_format,
        ppi=PIXELS_PER_INCH,
        sys_inputs={"data": json.dumps(values, ensure_ascii=False), "code": code},
        pdf_standards=list(pdf_standards),
    )
    assert isinstance(content, bytes)
    return content
