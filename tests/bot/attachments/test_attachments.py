"""Files rendered with typst: the chart of a self-check, and the handout."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.attachments.renderers import render_attachment
from bot.errors import RenderingFailed
from bot.sandbox.fake_telegram.rules.images import read_image_size
from tests.support.missing_tools import needs_poppler
from tests.support.pdf import read_pdf, scan_pages

HOSTILE = ('#panic("a")', "*b* _c_ `d` $e$ = f", "<b>g</b>&amp;", "@h <i> [j] \\k", 'l", "m": "n', '#import "/etc/o"')
MARKUP = "\n= p\n- q // r /* s"
OTHER_SCRIPTS = "مرحبا שלום \u202eabc 日本 🎉"
MAX_HANDOUT_SIZE = 300 * 1024  # bytes


def chart(name: str = "Name", **more: Any) -> dict[str, Any]:
    """The values of a chart with eleven rows."""
    row = {"name": name, "value": 2, "before": None} | more
    groups = [{"name": name, "rows": [row] * count} for count in (3, 5, 3)]
    legend = {"now": name, "before": name}
    return {"lang": "de", "title": name, "subtitle": name, "scale": [name] * 4, "unknown": name, "legend": legend,
            "groups": groups}  # fmt: skip


def handout(
    word: str = "Wort", text: str = "Ein Satz.", steps: int = 9, lang: str = "de", items: Sequence[str] = ()
) -> dict[str, Any]:
    """The values of a handout with this many steps and the self-check."""
    part = {"title": word, "items": [word] * 3}
    row = {"question": text, "answer": word, "value": 2, "before": None}
    groups = [{"name": word, "rows": [row] * count} for count in (3, 5, 3)]
    check = {"heading": word, "words": text, "answers": groups, "legend": {"now": word, "before": word},
             "strengths": part, "gaps": part, "caution": text,
             "first_step": {"title": word, "text": text}}  # fmt: skip
    read = [{"title": word, "text": text, "items": items, "mark": word}] * steps
    return {"lang": lang, "title": word, "author": word, "description": text, "subtitle": word, "notice": text,
            "read": word, "steps": read, "sources": text, "check": check, "empty": "",
            "further": {"heading": word, "items": [text, text]}, "large": False,
            "answers_heading": word, "answers_read": [{"title": word, "url": "https://t.me/Bot?start=frage-a"}] * 5,
            "team": None, "link": {"url": "https://t.me/ExampleBot", "text": word, "alt": word}}  # fmt: skip


@pytest.mark.parametrize("value", [None, 0, 1.5, 3])
def test_chart_fits_a_telephone(value: float | None) -> None:
    """Whatever the levels, a chart is a small picture that is sharp on a telephone."""
    for before in (None, 0, 3):
        rendered = render_attachment("chart", chart(value=value, before=before))
        width, height = read_image_size(rendered.content) or (0, 0)

        assert rendered.name == "selbst-check.png"
        assert width == 1080
        assert height < 2 * width
        assert len(rendered.content) < 300_000


@pytest.mark.parametrize("kind", ["strong", "mixed", "weak", "few"])
def test_chart_of_words_has_no_scale(kind: str) -> None:
    """A chart of words, as for a team, is as wide as a chart of levels, and lower since it has no scale."""
    row = {"name": "Name", "word": {"kind": kind, "text": "eher schon da"}}
    words = chart() | {"scale": [], "groups": [{"name": "Name", "rows": [row] * count} for count in (3, 5, 3)]}
    width, height = read_image_size(render_attachment("chart", words).content) or (0, 0)

    assert width == 1080
    assert 800 < height < (read_image_size(render_attachment("chart", chart()).content) or (0, 0))[1]


def test_markup_in_a_chart_is_plain_text() -> None:
    """Text that looks like typst markup or code, or is in another script, does not make rendering fail."""
    for word in (*HOSTILE, OTHER_SCRIPTS, ""):
        assert read_image_size(render_attachment("chart", chart(word)).content)
        assert read_image_size(render_attachment("chart", chart(word, word={"kind": "strong", "text": word})).content)


@needs_poppler
@pytest.mark.parametrize("lang", ["de", "en"])
def test_handout_is_accessible(tmp_path: Path, lang: str) -> None:
    """The handout is a small PDF of A4 pages, tagged (PDF/UA), with title, language, headings and a QR code."""
    rendered = render_attachment("takeaway", handout(lang=lang))
    read = read_pdf(rendered.content, tmp_path)

    assert read.info["Pages"] == "2"
    assert read.info["Tagged"] == "yes"
    assert read.info["Title"] == "Wort"
    assert "(A4)" in read.info["Page size"]
    assert read.lang == lang
    assert "<pdfuaid:part>1</pdfuaid:part>" in read.meta
    assert [read.structure.count(f"H{level} ") for level in (1, 2, 3)] == [1, 4, 12]
    assert "Figure" in read.structure
    assert len(rendered.content) < MAX_HANDOUT_SIZE


@needs_poppler
@pytest.mark.parametrize(("length", "large", "pages"), [(40, False, "2"), (210, False, "3"), (210, True, "4")])
def test_handout_flows_on(tmp_path: Path, length: int, large: bool, pages: str) -> None:
    """A long handout takes more pages; no text is set smaller."""
    text = ("Gemeinsam handeln viele. " * 20)[:length]
    rendered = render_attachment("takeaway", handout("Ein langer Titel hier", text) | {"large": large})

    assert read_pdf(rendered.content, tmp_path).info["Pages"] == pages


@needs_poppler
@pytest.mark.parametrize("word", HOSTILE)
def test_markup_in_a_handout_is_plain_text(tmp_path: Path, word: str) -> None:
    """Text that looks like typst markup appears in the handout verbatim."""
    read = read_pdf(render_attachment("takeaway", handout(word)).content, tmp_path)

    assert " ".join(word.split()) in read.text
    assert read.info["Title"] == word


@needs_poppler
def test_lines_of_markup_add_no_headings(tmp_path: Path) -> None:
    """A line that starts like a heading or a list item in typst becomes neither."""
    plain, hostile = (
        read_pdf(render_attachment("takeaway", handout(text=text)).content, tmp_path) for text in ("p", MARKUP)
    )

    assert hostile.structure.count("H1 ") == plain.structure.count("H1 ") == 1
    assert hostile.structure.count("LI") == plain.structure.count("LI")
    assert "r /* s" in hostile.text


@needs_poppler
def test_items_of_a_step_are_tagged_as_a_list(tmp_path: Path) -> None:
    """The items of a step are tagged as a list; a step without items has none."""
    without, several = (
        read_pdf(render_attachment("takeaway", handout(steps=2, items=items)).content, tmp_path).structure
        for items in ((), ("Vereine", "= Firmen", "- Städte"))
    )

    assert several.count("LBody") == without.count("LBody") + 6
    assert several.count("H1 ") == without.count("H1 ")


@needs_poppler
def test_handout_queued_by_an_older_version(tmp_path: Path) -> None:
    """A handout queued by a version without a link, items in steps and answers in words is still rendered."""
    values = handout(steps=2)
    values["steps"] = [{name: step[name] for name in ("title", "text", "mark")} for step in values["steps"]]
    new = ("answers", "legend", "first_step")
    values["check"] = {name: value for name, value in values["check"].items() if name not in new}
    values["check"] |= {"alt": "Bild", "chart": chart()}
    del values["link"], values["large"], values["answers_read"]
    read = read_pdf(render_attachment("takeaway", values).content, tmp_path)

    assert read.info["Pages"] == "1"
    assert "Figure" in read.structure


@needs_poppler
def test_qr_code_of_a_handout_can_be_scanned(tmp_path: Path) -> None:
    """The QR code on a printed page leads to the bot; without a link there is none."""
    link = "https://t.me/Gemeinsam_Wirken_Mecklenburg_bot"
    values = handout(steps=1) | {"link": {"url": link, "text": link, "alt": "QR-Code"}}
    without = handout(steps=1) | {"link": {"url": "", "text": "", "alt": ""}}

    assert scan_pages(render_attachment("takeaway", values).content, tmp_path) == [link]
    assert scan_pages(render_attachment("takeaway", without).content, tmp_path) == []


@needs_poppler
def test_handout_with_the_result_of_a_team(tmp_path: Path) -> None:
    """The words of a team are a figure with a description, followed by what to do first."""
    words = chart(word={"kind": "mixed", "text": "verschieden"}) | {"scale": [], "legend": {"now": "", "before": ""}}
    team = {"heading": "Team", "alt": "Name: verschieden", "chart": words}
    values = handout() | {"team": team | {"first_step": {"title": "Schritt", "text": HOSTILE[0]}}}
    read = read_pdf(render_attachment("takeaway", values).content, tmp_path)

    assert HOSTILE[0] in read.text
    assert read.structure.count("Figure") > read_pdf(
        render_attachment("takeaway", handout()).content, tmp_path
    ).structure.count("Figure")


@needs_poppler
def test_characters_that_no_font_has(tmp_path: Path) -> None:
    """A handout with characters that no font has is still rendered and tagged."""
    read = read_pdf(render_attachment("takeaway", handout(text=OTHER_SCRIPTS)).content, tmp_path)

    assert (read.info["Pages"], read.info["Tagged"]) == ("2", "yes")


def test_unknown_kind_is_an_error() -> None:
    """Rendering an unknown kind of attachment raises an error."""
    with pytest.raises(RenderingFailed):
        render_attachment("gibt-es-nicht", {})
