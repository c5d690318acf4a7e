"""Accessibility of the page, checked with axe-core: every view, both colour schemes, wide and narrow."""

import pytest
from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.sync_api import ViewportSize, expect

from tests.bot.sandbox.page.chromium import NARROW, WIDE
from tests.bot.sandbox.page.conftest import Open, Scheme
from tests.bot.sandbox.page.ui import ADA, SandboxUI

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPTIONS = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
TABS = ("Antworten", "Wissen", "Protokoll", "Regie")


def violations(ui: SandboxUI, part: str = "html") -> str:
    """Return axe-core's report on a part of the page, or "" if there are no violations."""
    results = AxeResults(ui.page.evaluate("([part, options]) => axe.run(part, options)", [part, OPTIONS]))
    return results.generate_report() if results.violations_count else ""


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_violations(open_page: Open, scheme: Scheme, size: ViewportSize) -> None:
    """Chats, menus, suggestions, every tab of the side panel and a running story conform to WCAG 2.2 AA."""
    ui = open_page(size, scheme)
    ui.page.evaluate(AXE_SCRIPT)
    ui.send_text(ADA, "Was ist eine Backbone-Organisation?")
    ui.wait_for_text(ADA, "Quelle").focus()
    ui.phone(ADA).get_by_label("Mehr", exact=True).click()

    assert violations(ui) == ""
    ui.phone(ADA).get_by_label("Anhängen").click()
    assert violations(ui, ".phone") == ""
    ui.field(ADA).fill("/")
    expect(ui.phone(ADA).get_by_role("listbox")).to_be_visible()
    assert violations(ui, ".phone") == ""
    for name in TABS:
        ui.tab(name)
        assert violations(ui, "#panel") == "", name
    ui.tab("Geschichten").get_by_role("button", name="Die geführte Minute").click()
    ui.page.get_by_role("button", name="Pause", exact=True).click()
    expect(ui.page.get_by_role("button", name="Fortsetzen")).to_be_visible()
    assert violations(ui) == ""
