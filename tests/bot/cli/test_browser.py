"""Opening a page in the browser."""

import pytest

from bot.cli.browser import can_open_browser


@pytest.mark.parametrize(
    ("variables", "platform", "expected"),
    [
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({}, "darwin", True),
        ({}, "linux", False),
        ({"DISPLAY": ""}, "linux", False),
        ({"DISPLAY": ":0", "CI": "true"}, "linux", False),
        ({"SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}, "darwin", False),
    ],
)
def test_browser_needs_a_person_at_the_display(variables: dict[str, str], platform: str, expected: bool) -> None:
    """The browser is opened where somebody sees it, not in automation, over SSH or without a display."""
    assert can_open_browser(variables, platform) is expected
