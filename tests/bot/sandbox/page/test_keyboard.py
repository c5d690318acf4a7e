"""Using the page with the keyboard only."""

from playwright.sync_api import Locator, expect

from tests.bot.sandbox.page.chromium import NARROW
from tests.bot.sandbox.page.conftest import Open
from tests.bot.sandbox.page.stage import ADA, GROUP, Stage


def test_ask_and_tap(stage: Stage) -> None:
    """A question can be asked and a button under the answer pressed with the keyboard."""
    stage.tabs_to(stage.field(ADA))
    stage.page.keyboard.type("Was ist eine Backbone-Organisation?")
    stage.page.keyboard.press("Enter")
    answer = stage.wait_for_text(ADA, "Backbone-Organisation")
    helpful = stage.phone(ADA).get_by_role("group", name="Knöpfe").get_by_role("button").first
    expect(helpful).to_be_visible()

    stage.tabs_to(helpful, "Shift+Tab")
    before = answer.text_content()
    stage.page.keyboard.press("Enter")

    expect(answer).not_to_have_text(before or "")


def test_command_menu(stage: Stage) -> None:
    """A slash opens the list of commands, in which arrow keys select, Escape closes and Enter sends."""
    stage.tabs_to(stage.field(ADA))
    commands = stage.phone(ADA).get_by_role("listbox")
    stage.page.keyboard.type("/")
    expect(commands.get_by_role("option", selected=True)).to_contain_text("/start")
    stage.page.keyboard.press("ArrowDown")
    expect(commands.get_by_role("option", selected=True)).not_to_contain_text("/start")
    stage.page.keyboard.press("Escape")
    expect(commands).to_be_hidden()

    stage.page.keyboard.type("hil")
    stage.page.keyboard.press("Enter")

    stage.wait_for_text(ADA, "/hilfe")
    expect(stage.field(ADA)).to_have_value("")


def test_request_without_a_mouse(stage: Stage) -> None:
    """A request can be filled in, reviewed and sent to the advisers with the keyboard."""

    def press(target: Locator) -> None:
        expect(target).to_be_visible()
        stage.field(ADA).focus()
        stage.tabs_to(target, "Shift+Tab")
        stage.page.keyboard.press("Enter")

    stage.fill("Wir suchen Partner in Kiel.", press=press)

    stage.wait_for_text(GROUP, "Wir suchen Partner in Kiel.")


def test_tabs_of_the_side_panel(stage: Stage) -> None:
    """Arrow keys switch between the tabs of the side panel, as in any tab list."""
    first, second = stage.page.get_by_role("tab").nth(0), stage.page.get_by_role("tab").nth(1)
    stage.tabs_to(first)

    stage.page.keyboard.press("ArrowRight")

    expect(second).to_be_focused()
    expect(second).to_have_attribute("aria-selected", "true")
    stage.page.keyboard.press("Home")
    expect(first).to_be_focused()


def test_menu_closes(stage: Stage) -> None:
    """Escape closes a menu and returns the focus to the button that opened it."""
    attach = stage.phone(ADA).get_by_label("Anhängen")
    stage.tabs_to(attach)
    stage.page.keyboard.press("Enter")
    stage.page.keyboard.press("Tab")
    expect(stage.phone(ADA).get_by_role("button", name="Bild …")).to_be_focused()

    stage.page.keyboard.press("Escape")

    expect(attach).to_be_focused()
    expect(stage.phone(ADA).get_by_role("button", name="Bild …")).to_be_hidden()


def test_skip_link(open_page: Open) -> None:
    """The first tab stop is a skip link to the text field."""
    stage = open_page(NARROW)

    stage.page.keyboard.press("Tab")
    stage.page.keyboard.press("Enter")

    expect(stage.field(ADA)).to_be_focused()
