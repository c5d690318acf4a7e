"""The side panel: knowledge, control of the simulation, and the page's appearance."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.bot.sandbox.page.chromium import NARROW
from tests.bot.sandbox.page.conftest import Open
from tests.bot.sandbox.page.ui import ADA, GROUP, JONAS, MAIL, SandboxUI

READING_TIMEOUT = 60_000.0  # milliseconds; reading and checking all files takes seconds of a busy machine


@pytest.fixture
def entry(knowledge: Path) -> Iterator[Path]:
    """A file of the knowledge base, restored afterwards."""
    path = knowledge / "content" / "de" / "backbone.md"
    before = path.read_text(encoding="utf-8")
    yield path
    path.write_text(before, encoding="utf-8")


def test_changed_knowledge(ui: SandboxUI, entry: Path) -> None:
    """A changed file is reloaded automatically, and the page says so."""
    text = entry.read_text(encoding="utf-8")

    entry.write_text(f"{text.rstrip()}\n\nNeu ist der Satz mit dem Apfelbaum.\n", encoding="utf-8")

    expect(ui.page.get_by_text("Wissen neu gelesen: backbone.md")).to_be_visible(timeout=READING_TIMEOUT)
    expect(ui.tab("Wissen").get_by_text("Neu gelesen: backbone.md")).to_be_visible()


def test_broken_knowledge(ui: SandboxUI, entry: Path) -> None:
    """A mistake in a file is shown with file and line, and counted in the tab's label."""
    text = entry.read_text(encoding="utf-8")

    entry.write_text(text.replace("---\n", "---\nfalsch: ja\n", 1), encoding="utf-8")

    problem = ui.tab("Wissen").get_by_role("listitem")
    expect(problem.first).to_contain_text("knowledge/content/de/backbone.md:", timeout=READING_TIMEOUT)
    expect(ui.page.get_by_role("tab", name="Wissen")).to_contain_text("1")


def test_add_a_person(ui: SandboxUI) -> None:
    """An added person gets a phone, and an added adviser can also be selected as sender in the group."""
    tools = ui.tab("Regie")

    tools.get_by_label("Name").fill("Cem Acar")
    tools.get_by_label("gehört zur Beratung").check()
    tools.get_by_role("button", name="Dazuholen").click()

    ui.page.get_by_role("navigation", name="Wer ist zu sehen?").get_by_role("button", name="Cem Acar").click()
    expect(ui.field("Cem Acar")).to_be_visible()
    ui.phone(GROUP).get_by_label("Sie schreiben als").select_option("Cem Acar")


def test_deep_link(ui: SandboxUI) -> None:
    """A deep link starts the bot at its target."""
    tools = ui.tab("Regie")

    tools.get_by_label("Wer").select_option(JONAS)
    tools.get_by_label("Ziel des Links").fill("intro")
    tools.get_by_role("button", name="Öffnen").click()

    ui.wait_for_text(JONAS, "Schritt 1")


def test_faults(ui: SandboxUI) -> None:
    """A simulated fault appears in the log, and the answer is still delivered."""
    tools = ui.tab("Regie")
    tools.get_by_label("Was schiefgeht").select_option("Fehler beim Server (500)")
    tools.get_by_label("Bei", exact=True).select_option("sendMessage")
    tools.get_by_role("button", name="Einschalten").click()
    expect(ui.page.get_by_text("Die Störung kommt")).to_be_visible()
    expect(ui.page.locator("#status")).to_contain_text("1 × 500 · sendMessage")

    ui.send_text(ADA, "/hilfe")

    ui.wait_for_text(ADA, "Das kann ich für Sie tun")
    expect(ui.tab("Protokoll").get_by_role("row").filter(has_text="500")).to_have_count(1)
    expect(ui.page.locator("#status")).not_to_contain_text("500")


def test_clock_can_be_set_forward(ui: SandboxUI) -> None:
    """The bot's clock can be set forward, which is always visible and moves the time of messages."""
    tools = ui.tab("Regie")
    expect(tools.get_by_text("Die Uhr des Bots geht richtig.")).to_be_visible()

    tools.get_by_role("button", name="+ 3 Tage").click()

    expect(tools.get_by_text("Die Uhr des Bots geht 3 Tage vor.")).to_be_visible()
    expect(ui.page.locator("#status")).to_contain_text("+ 3 T")
    ui.send_text(ADA, "/hilfe")
    ui.wait_for_text(ADA, "/hilfe")
    ahead = datetime.now(ZoneInfo("Europe/Berlin")) + timedelta(days=3)
    expect(ui.phone(ADA).get_by_text(re.compile(rf"^\w+, {ahead.day}\. "))).to_be_visible()


def test_save_and_load(ui: SandboxUI, tmp_path: Path) -> None:
    """A reset can be undone, a saved state is restored with its chats, any other file is refused with a message."""
    ui.send_text(ADA, "Hallo")
    ui.wait_for_text(ADA, "Guten Tag")
    tools = ui.tab("Regie")
    with ui.page.expect_download() as download:
        tools.get_by_role("link", name="Sichern").click()
    download.value.save_as(saved := tmp_path / "kept.json")
    tools.get_by_role("button", name="Von vorn beginnen").click()
    expect(ui.phone(ADA).get_by_role("article")).to_have_count(0)
    tools.get_by_role("button", name="Rückgängig").click()
    ui.wait_for_text(ADA, "Guten Tag")
    tools.get_by_role("button", name="Von vorn beginnen").click()
    expect(ui.phone(ADA).get_by_role("article")).to_have_count(0)

    load(ui, saved)

    ui.wait_for_text(ADA, "Guten Tag")
    (other := tmp_path / "other.json").write_text(json.dumps({}))
    load(ui, other)
    expect(ui.page.locator("#notice")).to_contain_text("Stand")


def load(ui: SandboxUI, file: Path) -> None:
    """Load a saved state from a file."""
    with ui.page.expect_file_chooser() as chooser:
        ui.tab("Regie").get_by_role("button", name="Laden").click()
    chooser.value.set_files(file)


def test_narrow_window(open_page: Open) -> None:
    """A narrow window shows one phone at a time, with the number of unread messages next to the other names."""
    ui = open_page(NARROW)
    expect(ui.phone(ADA)).to_be_visible()
    expect(ui.phone(GROUP)).to_be_hidden()

    ui.fill("Wir suchen Partner.")

    names = ui.page.get_by_role("navigation", name="Wer ist zu sehen?")
    expect(names.get_by_role("button", name=f"{MAIL} 1 neu")).to_be_attached()
    names.get_by_role("button", name=GROUP).click()
    ui.wait_for_text(GROUP, "Wir suchen Partner.")
    expect(ui.phone(ADA)).to_be_hidden()
    assert ui.page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def test_dark_switch(ui: SandboxUI) -> None:
    """The switch changes between light and dark, and the choice survives a reload."""
    background = "getComputedStyle(document.body).backgroundColor"
    light = ui.page.evaluate(background)

    ui.page.get_by_role("button", name="Dunkles Aussehen").click()
    ui.page.reload()

    expect(ui.page.get_by_role("button", name="Dunkles Aussehen")).to_have_attribute("aria-pressed", "true")
    assert ui.page.evaluate(background) != light


def test_restart_is_said(ui: SandboxUI) -> None:
    """If the chats were lost by a restart of the sandbox, every empty chat says so, until somebody writes."""
    expect(ui.phone(ADA).get_by_text("Die Sandbox wurde neu gestartet")).to_have_count(0)
    ui.page.evaluate("localStorage.setItem('used', '1800000000')")  # what remains of an earlier sandbox
    ui.page.reload()
    expect(ui.phone(JONAS).get_by_text("Die Sandbox wurde neu gestartet")).to_be_visible()

    ui.send_text(ADA, "/hilfe")
    ui.wait_for_text(ADA, "Das kann ich für Sie tun")

    expect(ui.phone(JONAS).get_by_text("Die Sandbox wurde neu gestartet")).to_have_count(0)
