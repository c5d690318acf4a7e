"""What is drawn by typst, and pictures by name: words stay words, and no file is read."""

from pathlib import Path
from typing import Any

import pytest

from bot.attachments.renderers import render_attachment
from bot.errors import RenderingFailed
from bot.flows.selfcheck import chart
from knowledge.loader import BUILT_IN
from knowledge.records.selfcheck import SELFCHECK_FOLDER, read_selfchecks
from tests.support.missing_tools import needs_poppler
from tests.support.pdf import read_pdf

TYPST = {
    "read": '#read("/etc/passwd")', "panic": '#panic("evil")', "include": '#include "chart.typ"', "image": '#image("/etc/passwd")', "import": '#import "bars.typ": *',
    "eval": '#eval("1+1")', "sys": "#sys.inputs.data", "plugin": '#plugin("x.wasm")', "math": "$ evil $", "label": "<evil> @evil", "raw": "```evil```", "link": "https://evil.example",
    "close": '")]) #panic("evil")', "brackets": "]]][[[", "comment": "// evil /* evil", "escape": "\\u{41} \\#", "heading": "= evil", "list": "- evil\n+ evil", "loop": "#while true {}", "package": '#import "@preview/evil:0.1.0": *',
}  # fmt: skip
NAMES = [
    "../../../etc/passwd",
    "/etc/passwd",
    "..",
    ".",
    "",
    "../intro/pictures/../../../pyproject",
    "weg.png/../../x",
    "weg\0",
    "%2e%2e/weg",
    "~/weg",
    "file:///etc/passwd",
    "\\\\host\\weg",
]


def page(words: str) -> dict[str, Any]:
    """The page to take along with these words in every place."""
    check = read_selfchecks(BUILT_IN / SELFCHECK_FOLDER)[0]
    listed = {"title": words, "items": [words]}
    return {
        "lang": "de", "title": words, "author": words, "description": words, "subtitle": words, "notice": words, "read": words,
        "steps": [{"title": words, "text": words, "mark": words}], "sources": words,
        "check": {"heading": words, "words": words, "alt": words, "chart": chart.build_own_chart(check, "de", {}, words), "strengths": listed, "gaps": listed, "caution": words},
        "empty": words, "further": {"heading": words, "items": [words]},
    }  # fmt: skip


@needs_poppler
@pytest.mark.parametrize("kind", TYPST)
def test_typst_in_a_page_is_text(tmp_path: Path, kind: str) -> None:
    """Typst's own code in any words of the page is set as it is written, and nothing is run or read."""
    read = read_pdf(render_attachment("takeaway", page(TYPST[kind])).content, tmp_path)

    shown = "".join(read.text.split())
    assert "".join(TYPST[kind].split())[:12] in shown
    assert "root:x:" not in shown


@pytest.mark.parametrize("kind", TYPST)
def test_typst_in_a_chart_and_under_a_code(kind: str) -> None:
    """The same in the chart's subtitle and under a QR code: a picture comes of it, and no error."""
    check = read_selfchecks(BUILT_IN / SELFCHECK_FOLDER)[0]

    made = (
        render_attachment("chart", chart.build_own_chart(check, "de", {}, TYPST[kind])),
        render_attachment("qr", {"link": "https://t.me/x", "title": TYPST[kind]}),
    )

    assert all(one.content.startswith(b"\x89PNG") for one in made)


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_from_elsewhere(name: str) -> None:
    """A picture is one of the introduction's, whatever its name says."""
    try:
        made = render_attachment("picture", {"name": name})
    except RenderingFailed:
        return

    assert made.content == (BUILT_IN / "intro" / "pictures" / made.name).read_bytes()


@pytest.mark.parametrize("kind", ["", "evil", "../picture", "Picture", "eval", "__class__", "picture "])
def test_a_kind_that_nothing_draws(kind: str) -> None:
    """What a drawing is made by is one of four functions."""
    with pytest.raises(RenderingFailed):
        render_attachment(kind, {})
