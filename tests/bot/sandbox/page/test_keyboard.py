"""Using the page with the keyboard only."""

from playwright.sync_api import Locator, expect

from tests.bot.sandbox.page.chromium import NARROW
from tests.bot.sandbox.page.conftest import Open
from tests.bot.sandbox.page.ui import ADA, GROUP, SandboxUI


def test_ask_and_tap(ui: SandboxUI) -> None:
    """A question can be asked and a button under the answer pressed with the keyboard."""
    ui.tabs_to(ui.field(ADA))
    ui.page.keyboard.type("Was ist eine Backbone-Organisation?")
    ui.page.keyboard.press("Enter")
    answer = ui.wait_for_text(ADA, "die koordinierende Stelle")
    helpful = ui.phone(ADA).get_by_role("group", name="Knöpfe").get_by_role("button").first
    expect(helpful).to_be_visible()

    ui.tabs_to(helpful, "Shift+Tab")
    before = answer.text_content()
    ui.page.keyboard.press("Enter")

    expect(answer).not_to_have_text(before or "")


def test_command_menu(ui: SandboxUI) -> None:
    """A slash opens the list of commands, in which arrow keys select, Escape closes and Enter sends."""
    ui.tabs_to(ui.field(ADA))
    commands = ui.phone(ADA).get_by_role("listbox")
    ui.page.keyboard.type("/")
    expect(commands.get_by_role("option", selected=True)).to_contain_text("/start")
    ui.page.keyboard.press("ArrowDown")
    expect(commands.get_by_role("option", selected=True)).not_to_contain_text("/start")
    ui.page.keyboard.press("Escape")
    expect(commands).to_be_hidden()

    ui.page.keyboard.type("hil")
    ui.page.keyboard.press("Enter")

    ui.wait_for_text(ADA, "/hilfe")
    expect(ui.field(ADA)).to_have_value("")


def test_request_without_a_mouse(ui: SandboxUI) -> None:
    """A request can be filled in, reviewed and sent to the advisers with the keyboard."""

    def press(target: Locator) -> None:
        expect(target).to_be_visible()
        ui.field(ADA).focus()
        ui.tabs_to(target, "Shift+Tab")
        ui.page.keyboard.press("Enter")

    ui.fill("Wir suchen Partner in Kiel.", press=press)

    ui.wait_for_text(GROUP, "Wir suchen Partner in Kiel.")


def test_tabs_of_the_side_panel(ui: SandboxUI) -> None:
    """Arrow keys switch between the tabs of the side panel, as in any tab list."""
    first, second = ui.page.get_by_role("tab").nth(0), ui.page.get_by_role("tab").nth(1)
    ui.tabs_to(first)

    ui.page.keyboard.press("ArrowRight")

    expect(second).to_be_focused()
    expect(second).to_have_attribute("aria-selected", "true")
    ui.page.keyboard.press("Home")
    expect(first).to_be_focused()


def test_menu_closes(ui: SandboxUI) -> None:
    """Escape closes a menu and returns the focus to the button that opened it."""
    attach = ui.phone(ADA).get_by_label("Anhängen")
    ui.tabs_to(attach)
    ui.page.keyboard.press("Enter")
    ui.page.keyboard.press("Tab")
    expect(ui.phone(ADA).get_by_role("button", name="Bild …")).to_be_focused()

    ui.page.keyboard.press("Escape")

    expect(attach).to_be_focused()
    expect(ui.phone(ADA).get_by_role("button", name="Bild …")).to_be_hidden()


def test_skip_link(open_page: Open) -> None:
    """The first tab stop is a skip link to the text field."""
    ui = open_page(NARROW)

    ui.page.keyboard.press("Tab")
    ui.page.keyboard.press("Enter")

    expect(ui.field(ADA)).to_be_focused()
