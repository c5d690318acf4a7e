"""Pictures and pages that typst sets: the chart of a self-check (PNG) and the page to take along (PDF).

What is drawn goes in as JSON and is set as text: markup in it is never read as markup.
"""

import json
from pathlib import Path
from typing import Literal

import font_source_sans_pro
import typst

from bot.attachments import Drawn, Values

FOLDER = Path(__file__).parent
FONTS = typst.Fonts(include_system_fonts=False, font_paths=[Path(font_source_sans_pro.font_directory)])
POINTS = 216.0  # pixels to the inch: 1,080 across, what Telegram shows sharply
CHART, TAKEAWAY = "selbst-check.png", "gemeinsam-wirken-zum-mitnehmen.pdf"


def chart(values: Values) -> Drawn:
    """The chart as a picture on a light ground of its own, so that it reads the same in a dark chat."""
    return Drawn(CHART, _set("chart.typ", values, "png"))


def takeaway(values: Values) -> Drawn:
    """The page as a tagged PDF (PDF/UA-1)."""
    try:
        return Drawn(TAKEAWAY, _set("takeaway.typ", values, "pdf", "ua-1"))
    except typst.TypstError:  # a sign that no font here has: tagged all the same, without the promise of PDF/UA
        return Drawn(TAKEAWAY, _set("takeaway.typ", values, "pdf"))


def _set(template: str, values: Values, form: Literal["png", "pdf"], *standards: Literal["ua-1"]) -> bytes:
    made = typst.compile(
        FOLDER / template,
        root=FOLDER,
        font_paths=FONTS,
        format=form,
        ppi=POINTS,
        sys_inputs={"data": json.dumps(values, ensure_ascii=False)},
        pdf_standards=list(standards),
    )
    assert isinstance(made, bytes)
    return made
