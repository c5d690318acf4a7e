"""Hostile texts and names in rendered attachments: text stays text, and no file is read."""

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


def handout_data(words: str) -> dict[str, Any]:
    """Return the data of a handout with this text in every place."""
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
def test_typst_code_in_a_handout_is_text(tmp_path: Path, kind: str) -> None:
    """Typst code in the texts of a handout is typeset as it is written, and never executed."""
    pdf = read_pdf(render_attachment("takeaway", handout_data(TYPST[kind])).content, tmp_path)

    letters = "".join(pdf.text.split())
    assert "".join(TYPST[kind].split())[:12] in letters
    assert "root:x:" not in letters


@pytest.mark.parametrize("kind", TYPST)
def test_typst_code_in_a_chart_and_a_qr_code(kind: str) -> None:
    """Typst code in the subtitle of a chart or the title of a QR code gives an image, and no error."""
    check = read_selfchecks(BUILT_IN / SELFCHECK_FOLDER)[0]

    files = (
        render_attachment("chart", chart.build_own_chart(check, "de", {}, TYPST[kind])),
        render_attachment("qr", {"link": "https://t.me/x", "title": TYPST[kind]}),
    )

    assert all(file.content.startswith(b"\x89PNG") for file in files)


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_from_elsewhere(name: str) -> None:
    """A picture always comes from the introduction's folder, whatever its name says."""
    try:
        picture = render_attachment("picture", {"name": name})
    except RenderingFailed:
        return

    assert picture.content == (BUILT_IN / "intro" / "pictures" / picture.name).read_bytes()


@pytest.mark.parametrize("kind", ["", "evil", "../picture", "Picture", "eval", "__class__", "picture "])
def test_unknown_kind_of_attachment(kind: str) -> None:
    """An unknown kind of attachment is rejected."""
    with pytest.raises(RenderingFailed):
        render_attachment(kind, {})
