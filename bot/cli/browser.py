"""Open a page in the browser of whoever started a command."""

import os
import sys
import threading
import webbrowser
from collections.abc import Mapping
from contextlib import suppress

AUTOMATION_VARIABLES = ("CI", "SSH_CONNECTION")


def can_open_browser(environment: Mapping[str, str], platform: str) -> bool:
    """Return whether a person sits at this machine with a display, as far as one can tell."""
    if any(environment.get(name) for name in AUTOMATION_VARIABLES):
        return False
    return platform in ("darwin", "win32") or bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def open_in_browser(url: str) -> None:
    """Open a page if there is a display; never wait for it, and never fail."""
    if can_open_browser(os.environ, sys.platform):
        threading.Thread(target=_open, args=(url,), name="browser", daemon=True).start()


def _open(url: str) -> None:
    with suppress(Exception):  # whatever the browser's start raises: the address is on the terminal
        browser = webbrowser.get()
        if type(browser) is not webbrowser.GenericBrowser or "BROWSER" in os.environ:  # else one in this terminal
            browser.open(url)
