"""Debian's Chromium, or its shell without windows, which takes a third of the work. Playwright drives it."""

import shutil

from playwright.sync_api import Browser, Playwright, ViewportSize

SHELL = shutil.which("chromium-headless-shell")
FOUND = SHELL or shutil.which("chromium") or shutil.which("google-chrome")
MISSING = "Chromium is not installed: apt-get install chromium-headless-shell fonts-noto-color-emoji"
OPTIONS = [
    *([] if SHELL else ["--headless=new"]),
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE = ViewportSize(width=1720, height=900)  # four phones and the side panel
NARROW = ViewportSize(width=360, height=740)


def launch(playwright: Playwright) -> Browser:
    """Start the browser without a window."""
    return playwright.chromium.launch(executable_path=FOUND, args=OPTIONS)
