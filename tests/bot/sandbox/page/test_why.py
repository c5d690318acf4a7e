"""A click on a message of the bot explains it, and keeps what would have been right."""

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import expect

from tests.bot.sandbox.page.test_accessibility import violations
from tests.bot.sandbox.page.ui import ADA, SandboxUI


def test_message_is_explained(ui: SandboxUI) -> None:
    """The dialog opens by a click or a button, names entry and file, is accessible, and keeps the right entry."""
    ui.page.evaluate(AXE_SCRIPT)
    ui.send_text(ADA, "Was ist eine Backbone-Organisation?")
    ui.wait_for_text(ADA, "Quelle").locator(".bubble").click(position={"x": 20, "y": 12})
    dialog = ui.page.get_by_role("dialog")

    expect(dialog).to_contain_text("content/de/backbone.md")
    expect(dialog).to_contain_text("Der Bot hat mit diesem Eintrag geantwortet.")
    assert violations(ui, "dialog") == ""
    ui.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    ui.message(ADA, "Quelle").get_by_role("button", name="Antwort untersuchen").click()
    dialog.get_by_label("Richtig wäre der Eintrag").fill("backbone")
    dialog.get_by_role("button", name="Behalten").click()

    expect(dialog).to_be_hidden()
    expect(ui.page.locator("#notice")).to_contain_text("labelled.jsonl")


def test_chat_is_saved_as_a_test(ui: SandboxUI) -> None:
    """The menu above a chat saves it as a file for `gwbot replay`."""
    ui.send_text(ADA, "/hilfe")
    ui.wait_for_text(ADA, "Das kann ich für Sie tun")
    ui.phone(ADA).get_by_label("Mehr", exact=True).click()

    with ui.page.expect_download() as download:
        ui.phone(ADA).get_by_role("button", name="Als Test sichern").click()

    assert "say: /hilfe" in download.value.path().read_text("utf-8")
