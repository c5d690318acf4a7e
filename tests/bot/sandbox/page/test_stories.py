"""Playing the stories on the page."""

import pytest
from playwright.sync_api import expect

from bot.sandbox.simulation.stories import read_stories
from tests.bot.sandbox.page.chromium import NARROW
from tests.bot.sandbox.page.conftest import Open
from tests.bot.sandbox.page.ui import ADA, JONAS, SandboxUI

STORIES = {story.id: story for story in read_stories("de")}


def test_stories_are_the_same_in_both_languages() -> None:
    """A story has the same moves of the same people in German and English."""

    def moves(lang: str) -> dict[str, list[tuple[object, ...]]]:
        return {
            story.id: [
                (
                    bool(step.caption),
                    step.who,
                    step.at,
                    bool(step.say),
                    bool(step.tap),
                    step.link,
                    step.send,
                    step.hours,
                )
                for step in story.steps
            ]
            for story in read_stories(lang)
        }

    assert moves("de") == moves("en")


def play(ui: SandboxUI, story_id: str, pace: str = "ohne Pausen") -> None:
    """Select a pace and start the story."""
    panel = ui.tab("Geschichten")
    panel.get_by_label("Tempo").select_option(pace)
    panel.get_by_role("button", name=STORIES[story_id].title).click()


@pytest.mark.parametrize("story_id", STORIES)
def test_story_plays_to_its_end(ui: SandboxUI, story_id: str) -> None:
    """Every story plays to its end."""
    bar = ui.page.get_by_role("region", name="Laufende Geschichte")

    play(ui, story_id)

    expect(bar).to_be_visible()
    expect(bar).to_be_hidden(timeout=60_000)


def test_story_shows_its_progress(ui: SandboxUI) -> None:
    """While a story runs, a status shows the current step and the progress, until the story is stopped."""
    story_id, story = next(iter(STORIES.items()))
    bar = ui.page.get_by_role("region", name="Laufende Geschichte")

    play(ui, story_id, "zum Mitlesen")

    expect(bar.get_by_role("status")).to_have_text(story.steps[0].caption)
    expect(bar).to_contain_text(f"1 von {sum(bool(step.caption) for step in story.steps)}")
    bar.get_by_role("button", name="Beenden").click()
    expect(bar).to_be_hidden()


def test_guided_minute(ui: SandboxUI) -> None:
    """The welcome line offers a story whose bubble explains each move; it can be halted, led on and undone."""
    ui.send_text(ADA, "Hallo")
    ui.wait_for_text(ADA, "Guten Tag")
    steps = [step for step in STORIES["minute"].steps if step.caption]
    ui.page.get_by_role("button", name="Geführte Minute", exact=True).click()
    bar = ui.page.get_by_role("region", name="Laufende Geschichte")
    bubble = ui.page.locator(".bubble-of-story:visible")
    bar.get_by_role("button", name="Pause").click()
    expect(bar.get_by_role("button", name="Fortsetzen")).to_be_visible()
    expect(bubble).to_have_text(steps[0].caption)
    expect(ui.phone(JONAS).locator(".bubble-of-story")).to_be_visible()

    bar.get_by_role("button", name="Weiter").click()
    ui.wait_for_text(JONAS, "Guten Tag!")
    bar.get_by_role("button", name="Weiter").click()
    expect(bubble).to_have_text(steps[1].caption)
    expect(ui.field(JONAS)).to_have_attribute("placeholder", steps[1].say)
    bar.get_by_role("button", name="Beenden").click()
    expect(bubble).to_have_count(0)
    ui.page.get_by_role("region", name="Rückgängig").get_by_role("button", name="Rückgängig").click()

    ui.wait_for_text(ADA, "Hallo")
    expect(ui.phone(JONAS).get_by_role("article")).to_have_count(0)


def test_story_in_a_narrow_window(open_page: Open) -> None:
    """In a narrow window, a story closes the side panel and shows the phone on which something happens."""
    ui = open_page(NARROW)

    play(ui, next(iter(STORIES)))

    expect(ui.panel).to_be_hidden()
    expect(ui.page.locator(".phone:visible")).to_have_count(1)
    expect(ui.page.get_by_role("region", name="Laufende Geschichte")).to_be_hidden()
