"""The pages of the introduction, and which of them a button opens."""

from enum import StrEnum

from bot.flows.callback_data import INTRO_CALLBACK


class IntroPage(StrEnum):
    """The pages that the message of the introduction can show."""

    AUDIENCE = "audience"
    STEP = "step"
    REPLY = "reply"
    OVERVIEW = "overview"
    PAUSED = "paused"


ACTION_PAGES = {
    "a": IntroPage.STEP,
    "who": IntroPage.AUDIENCE,
    "go": IntroPage.STEP,
    "all": IntroPage.OVERVIEW,
    "pause": IntroPage.PAUSED,
}


def target_page(data: str) -> IntroPage | None:
    """Return the page that a button opens; None if it leads out of the introduction."""
    action, _, value = data.removeprefix(INTRO_CALLBACK).partition(":")
    if not data.startswith(INTRO_CALLBACK):
        return None
    if action.isdecimal():
        return IntroPage.REPLY if value else IntroPage.STEP
    return ACTION_PAGES[action]
