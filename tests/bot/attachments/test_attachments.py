"""What typst draws: the chart of a self-check, and the page to take along."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.attachments.renderers import render_attachment
from bot.errors import RenderingFailed
from bot.sandbox.fake_telegram.rules.images import read_image_size
from tests.support.missing_tools import needs_poppler
from tests.support.pdf import read_pdf

HOSTILE = ('#panic("a")', "*b* _c_ `d` $e$ = f", "<b>g</b>&amp;", "@h <i> [j] \\k", 'l", "m": "n', '#import "/etc/o"')
MARKUP = "\n= p\n- q // r /* s"
FOREIGN = "مرحبا שלום \u202eabc 日本 🎉"
MOST = 300 * 1024  # bytes of the page


def chart(name: str = "Name", **more: Any) -> dict[str, Any]:
    """A chart of eleven rows."""
    row = {"name": name, "value": 2, "before": None} | more
    groups = [{"name": name, "rows": [row] * count} for count in (3, 5, 3)]
    legend = {"now": name, "before": name}
    return {"lang": "de", "title": name, "subtitle": name, "scale": [name] * 4, "unknown": name, "legend": legend,
            "groups": groups}  # fmt: skip


def page(
    word: str = "Wort", text: str = "Ein Satz.", steps: int = 9, lang: str = "de", items: Sequence[str] = ()
) -> dict[str, Any]:
    """A page with as many steps and the self-check."""
    part = {"title": word, "items": [word] * 3}
    check = {"heading": word, "words": text, "alt": word, "chart": chart(word), "strengths": part, "gaps": part,
             "caution": text}  # fmt: skip
    read = [{"title": word, "text": text, "items": items, "mark": word}] * steps
    return {"lang": lang, "title": word, "author": word, "description": text, "subtitle": word, "notice": text,
            "read": word, "steps": read, "sources": text, "check": check, "empty": "",
            "further": {"heading": word, "items": [text, text]}}  # fmt: skip


@pytest.mark.parametrize("value", [None, 0, 1.5, 3])
def test_chart_is_a_picture_for_a_telephone(value: float | None) -> None:
    """Sharp across, small, whatever the levels are."""
    for before in (None, 0, 3):
        drawn = render_attachment("chart", chart(value=value, before=before))
        width, height = read_image_size(drawn.content) or (0, 0)

        assert drawn.name == "selbst-check.png"
        assert width == 1080
        assert height < 2 * width
        assert len(drawn.content) < 300_000


@pytest.mark.parametrize("kind", ["strong", "mixed", "weak", "few"])
def test_chart_of_words(kind: str) -> None:
    """What a team says is drawn with the same height in each row, without a scale."""
    row = {"name": "Name", "word": {"kind": kind, "text": "eher schon da"}}
    words = chart() | {"scale": [], "groups": [{"name": "Name", "rows": [row] * count} for count in (3, 5, 3)]}
    width, height = read_image_size(render_attachment("chart", words).content) or (0, 0)

    assert width == 1080
    assert 800 < height < (read_image_size(render_attachment("chart", chart()).content) or (0, 0))[1]


def test_markup_in_a_chart_is_text() -> None:
    """What would be markup, or a file's name, does not stop the drawing."""
    for word in (*HOSTILE, FOREIGN, ""):
        assert read_image_size(render_attachment("chart", chart(word)).content)
        assert read_image_size(render_attachment("chart", chart(word, word={"kind": "strong", "text": word})).content)


@needs_poppler
@pytest.mark.parametrize("lang", ["de", "en"])
def test_page_is_one_accessible_page(tmp_path: Path, lang: str) -> None:
    """A4, one page, tagged, with title, language and headings, and small."""
    drawn = render_attachment("takeaway", page(lang=lang))
    read = read_pdf(drawn.content, tmp_path)

    assert read.info["Pages"] == "1"
    assert read.info["Tagged"] == "yes"
    assert read.info["Title"] == "Wort"
    assert "(A4)" in read.info["Page size"]
    assert read.lang == lang
    assert "<pdfuaid:part>1</pdfuaid:part>" in read.meta
    assert [read.structure.count(f"H{level} ") for level in (1, 2, 3)] == [1, 3, 11]
    assert "Figure" in read.structure
    assert len(drawn.content) < MOST


@needs_poppler
@pytest.mark.parametrize("length", [40, 210])
def test_page_stays_one_page(tmp_path: Path, length: int) -> None:
    """Nine long steps and the self-check are set smaller rather than on a second page."""
    text = ("Gemeinsam handeln viele. " * 20)[:length]

    assert (
        read_pdf(render_attachment("takeaway", page("Ein langer Titel hier", text)).content, tmp_path).info["Pages"]
        == "1"
    )


@needs_poppler
@pytest.mark.parametrize("word", HOSTILE)
def test_markup_on_the_page_is_text(tmp_path: Path, word: str) -> None:
    """What would be markup stands on the page letter by letter."""
    read = read_pdf(render_attachment("takeaway", page(word)).content, tmp_path)

    assert " ".join(word.split()) in read.text
    assert read.info["Title"] == word
    assert read.info["Pages"] == "1"


@needs_poppler
def test_lines_of_markup_add_no_heading(tmp_path: Path) -> None:
    """A line that begins like a heading or a list is neither."""
    plain, hostile = (
        read_pdf(render_attachment("takeaway", page(text=text)).content, tmp_path) for text in ("p", MARKUP)
    )

    assert hostile.structure.count("H1 ") == plain.structure.count("H1 ") == 1
    assert hostile.structure.count("LI") == plain.structure.count("LI")
    assert "r /* s" in hostile.text


@needs_poppler
def test_items_of_a_step_are_a_list(tmp_path: Path) -> None:
    """What is a list in a step is one for a screen reader, and what is not adds none."""
    without, several = (
        read_pdf(render_attachment("takeaway", page(steps=2, items=items)).content, tmp_path).structure
        for items in ((), ("Vereine", "= Firmen", "- Städte"))
    )

    assert several.count("LBody") == without.count("LBody") + 6
    assert several.count("H1 ") == without.count("H1 ")


@needs_poppler
def test_page_that_waited_for_an_update(tmp_path: Path) -> None:
    """A page that was queued before steps had lists is drawn as it was."""
    values = page(steps=2)
    values["steps"] = [{name: step[name] for name in ("title", "text", "mark")} for step in values["steps"]]

    assert read_pdf(render_attachment("takeaway", values).content, tmp_path).info["Pages"] == "1"


@needs_poppler
def test_signs_that_no_font_has(tmp_path: Path) -> None:
    """A page with letters of other scripts is made all the same, and is tagged."""
    read = read_pdf(render_attachment("takeaway", page(text=FOREIGN)).content, tmp_path)

    assert (read.info["Pages"], read.info["Tagged"]) == ("1", "yes")


def test_unknown_kind() -> None:
    """What nothing draws is an error."""
    with pytest.raises(RenderingFailed):
        render_attachment("gibt-es-nicht", {})
