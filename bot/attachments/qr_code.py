"""A link as a QR code with a caption: black on white with a margin, so that it scans in a dark chat too."""

from io import BytesIO

import segno
import typst

from bot.attachments.rendered_file import AttachmentValues, RenderedFile

QUIET_ZONE_MODULES = 4  # the margin that readers need; ISO/IEC 18004
PIXELS_PER_INCH = 144.0  # of a picture 360 points wide: 720 pixels
PAGE_TEMPLATE = b"""
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


def render_qr_code(values: AttachmentValues) -> RenderedFile:
    """Render a PNG of the values ``link`` and ``title``: the code, below it the title, below that the link."""
    link, title = str(values["link"]), str(values["title"])
    code = BytesIO()
    segno.make_qr(link, error="m").save(code, kind="svg", border=QUIET_ZONE_MODULES, light="white")
    png = typst.compile(
        PAGE_TEMPLATE,
        format="png",
        ppi=PIXELS_PER_INCH,
        ignore_system_fonts=True,
        sys_inputs={"code": code.getvalue().decode(), "title": title, "link": link.removeprefix("https://")},
    )
    assert isinstance(png, bytes)
    return RenderedFile("qr.png", png)
