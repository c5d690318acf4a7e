"""A click on a message of the bot explains it, and keeps what would have been right."""

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import expect

from tests.bot.sandbox.page.test_accessibility import violations
from tests.bot.sandbox.page.ui import ADA, JONAS, SandboxUI


def test_message_is_explained(ui: SandboxUI) -> None:
    """The dialog opens by a click or a button, shows entry and file, is accessible; the right one is kept, or not."""
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
    dialog.get_by_role("radio", name="dieser Eintrag").check()
    dialog.get_by_role("button", name="Behalten", exact=True).click()
    expect(dialog.get_by_role("status")).to_have_text("Welcher Eintrag wäre richtig?")
    dialog.get_by_label("Eintrag", exact=True).fill("backbone")
    dialog.get_by_role("button", name="Behalten", exact=True).click()
    expect(dialog.get_by_role("status")).to_contain_text("labelled.jsonl")
    dialog.get_by_role("button", name="Doch nicht behalten").click()
    expect(dialog.get_by_role("status")).to_have_text("Nicht behalten.")
    dialog.get_by_text("content/de/backbone.md").click()
    expect(dialog.get_by_text("Rückgrat").first).to_be_visible()


def test_answers_lead_to_messages_and_entries(ui: SandboxUI) -> None:
    """A question in the list of answers leads to the bot's message, an entry to its text."""
    ui.phone(JONAS).get_by_role("button", name="Was ist Gemeinsam Wirken?").click()
    message = ui.wait_for_text(JONAS, "Quelle")
    row = ui.tab("Antworten").get_by_role("listitem").first

    row.get_by_role("button", name="Was ist Gemeinsam Wirken?").click()
    expect(message).to_be_focused()
    title = row.get_by_role("list").get_by_role("button").first.text_content() or "?"
    row.get_by_role("list").get_by_role("button").first.click()

    expect(ui.page.get_by_role("tabpanel", name="Wissen").locator("details[open]")).to_contain_text(title)


def test_chat_is_saved_as_a_test(ui: SandboxUI) -> None:
    """The menu above a chat saves it as a file for `gwbot replay`; the dialog about a message does so, too."""
    ui.send_text(ADA, "/hilfe")
    ui.wait_for_text(ADA, "Das kann ich für Sie tun")
    ui.phone(ADA).get_by_label("Mehr", exact=True).click()

    with ui.page.expect_download() as download:
        ui.phone(ADA).get_by_role("button", name="Als Test sichern").click()

    assert "say: /hilfe" in download.value.path().read_text("utf-8")
    ui.message(ADA, "Das kann ich für Sie tun").get_by_role("button", name="Antwort untersuchen").click()
    link = ui.page.get_by_role("dialog").get_by_role("link", name="Als Test sichern")
    expect(link).to_have_attribute("href", f"/api/test/{ui.person(ADA)}")
