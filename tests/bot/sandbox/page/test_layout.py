"""How much of the page is visible in which window."""

import re

import httpx
import pytest
from playwright.sync_api import ViewportSize, expect

from tests.bot.sandbox.page.conftest import Open
from tests.bot.sandbox.page.ui import ADA, BEA, GROUP, JONAS, MAIL, SandboxUI

EVERYBODY = (ADA, JONAS, BEA, GROUP, MAIL)


def visible_phones(ui: SandboxUI) -> list[str]:
    """Return the phones that are shown; fails if any is cut by an edge of the row or covered by the side panel."""
    shown = [name for name in EVERYBODY if ui.phone(name).is_visible()]
    panel = ui.panel.bounding_box() if ui.panel.is_visible() else None
    right = panel["x"] if panel else (ui.page.viewport_size or {"width": 0})["width"]
    for name in shown:
        box = ui.phone(name).bounding_box()
        assert box is not None
        assert box["x"] >= 0, name
        assert box["x"] + box["width"] <= right, name
    return shown


@pytest.mark.parametrize(
    ("width", "expected"),
    [(390, [ADA]), (800, [ADA, GROUP]), (1440, [ADA, JONAS, GROUP]), (1920, [ADA, JONAS, GROUP, MAIL])],
)
def test_no_phone_is_cut(open_page: Open, width: int, expected: list[str]) -> None:
    """As many phones are shown as fit, those of a request first, and the page is never wider than the window."""
    ui = open_page(ViewportSize(width=width, height=900))

    assert visible_phones(ui) == expected
    assert ui.page.evaluate("document.documentElement.scrollWidth") <= width


def test_phone_beyond_the_edge_is_brought_into_view(open_page: Open) -> None:
    """A phone too many lies whole beyond the edge, which shows that; its name or a focus brings it into view."""
    ui = open_page(ViewportSize(width=1440, height=900))
    names = ui.page.get_by_role("navigation", name="Wer ist zu sehen?")
    row = ui.page.locator("#row")

    names.get_by_role("button", name=MAIL).click()

    expect(ui.phone(MAIL)).to_be_in_viewport(ratio=0.99)
    expect(row).to_have_attribute("data-more", "left ")
    ui.field(ADA).focus()
    expect(ui.phone(ADA)).to_be_in_viewport(ratio=0.99)
    expect(row).to_have_attribute("data-more", " right")
    names.get_by_role("button", name=MAIL).click()
    expect(ui.phone(MAIL)).to_be_in_viewport(ratio=0.99)


def test_side_panel_over_the_phones(open_page: Open) -> None:
    """In a window of medium width the side panel is closed at first, lies over the phones, and closes with Escape."""
    ui = open_page(ViewportSize(width=800, height=900))
    expect(ui.panel).to_be_hidden()

    ui.tab("Regie")
    ui.page.keyboard.press("Escape")

    expect(ui.panel).to_be_hidden()
    expect(ui.page.get_by_role("button", name="Seitenleiste")).to_be_focused()


def test_own_messages_are_scrolled_to(ui: SandboxUI, sandbox: str) -> None:
    """What arrives while one reads further up is counted and can be jumped to; one's own message is scrolled to."""
    jump = ui.phone(ADA).get_by_role("button", name="Zum Ende")
    messages = ui.phone(ADA).get_by_role("article")
    for number, text in enumerate(("/start", "/hilfe", "/datenschutz"), start=1):
        ui.send_text(ADA, text)
        expect(messages).to_have_count(2 * number)  # what is sent last, too, is there before somebody scrolls
    log = ui.phone(ADA).get_by_role("log")
    expect(jump).to_be_hidden()
    log.evaluate("node => { node.style.scrollBehavior = 'auto'; node.scrollTop = -node.scrollHeight; }")
    person = ui.person(ADA)
    httpx.post(f"{sandbox}/api/say", json={"person": person, "chat": person, "text": "/kontakt"}).raise_for_status()

    expect(ui.phone(ADA).get_by_role("button", name=re.compile("Zum Ende, [1-9] neu"))).to_be_visible()
    jump.click()
    expect(jump).to_be_hidden()
    log.evaluate("node => node.scrollTop = -node.scrollHeight")
    expect(jump).to_be_visible()
    ui.send_text(ADA, "Was ist eine Vision?")
    expect(ui.message(ADA, "Was ist eine Vision?")).to_be_attached()
    expect(messages.last).to_be_in_viewport()  # it, or the answer to it
    expect(jump).to_be_hidden()


def test_head_shows_who_writes_to_whom(ui: SandboxUI) -> None:
    """The head of a chat names the person and the bot."""
    expect(ui.phone(ADA).locator("header")).to_contain_text("Ada → Gemeinsam WirkenBot")
    expect(ui.phone(ADA).locator("header")).to_contain_text("Ada Yıldız · Organisation")
