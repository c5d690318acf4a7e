"""Drawings made in a process of their own, so that what typst keeps does not stay with the bot."""

import subprocess
import sys

import pytest

from bot.drawings import draw
from bot.drawings.apart import draw_apart
from bot.errors import DrawingFailed
from bot.sandbox.standin.pictures import sides
from tests.bot.test_drawings import HOSTILE, chart, page

PROGRAM = """
import sys
from bot.drawings.apart import draw_apart
from tests.bot.test_drawings import chart
draw_apart("chart", chart())
print([name for name in ("typst", "segno") if name in sys.modules])
"""


def test_it_draws_the_same() -> None:
    """A picture drawn apart is the one that is drawn here, to the byte."""
    apart, here = draw_apart("chart", chart(HOSTILE[0])), draw("chart", chart(HOSTILE[0]))

    assert apart == here


def test_each_kind() -> None:
    """The page is a PDF, the QR picture and the picture of a step are PNG."""
    assert draw_apart("takeaway", page("Größe “x”")).content.startswith(b"%PDF")
    assert sides(draw_apart("qr", {"link": "https://t.me/bot", "title": "Über uns"}).content)
    assert sides(draw_apart("picture", {"name": "weg", "alt": ""}).content)


def test_typst_stays_out_of_the_bot() -> None:
    """After a drawing the process that wanted it has loaded nothing that draws."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_failure_names_the_kind_and_no_value() -> None:
    """What cannot be drawn is an error that repeats nothing a person may have typed."""
    values = chart("Geheim")
    del values["scale"]
    with pytest.raises(DrawingFailed) as failed:
        draw_apart("chart", values)

    assert "chart" in str(failed.value)
    assert "Geheim" not in str(failed.value)
