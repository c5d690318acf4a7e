"""A browser, and the sandbox as `gwbot run` opens it without a token."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize, expect, sync_playwright

from bot.sandbox.launcher import Sandbox
from bot.settings import Settings
from tests.bot.sandbox.page.chromium import FOUND, MISSING, WIDE, launch
from tests.bot.sandbox.page.ui import SandboxUI

DEFAULT_TIMEOUT = 15_000  # milliseconds; only failures take this long
REFUSED = "status of 400"  # logged by the browser when the server refuses something

Scheme = Literal["light", "dark"]
Open = Callable[..., SandboxUI]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    if FOUND is None:
        pytest.skip(MISSING)
    expect.set_options(timeout=DEFAULT_TIMEOUT)
    with sync_playwright() as playwright:
        yield launch(playwright)


@pytest.fixture(scope="package")
def knowledge(light: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the light knowledge base, which tests may change."""
    return shutil.copytree(light / "knowledge", tmp_path_factory.mktemp("edited") / "knowledge")


@pytest.fixture(scope="package")
def sandbox(
    browser: Browser, light: Path, knowledge: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a running sandbox."""
    settings = Settings(data_dir=light / "data", port=0, _env_file=None)
    with Sandbox(settings, tmp_path_factory.mktemp("sandbox"), knowledge) as running:
        yield running.url


@pytest.fixture
def open_page(browser: Browser, sandbox: str) -> Iterator[Open]:
    """Opens the page of a reset sandbox; fails if an error was logged or another host contacted."""
    httpx.post(f"{sandbox}/api/reset", json={}, timeout=30).raise_for_status()
    errors: list[str] = []
    urls: list[str] = []

    def open_ui(size: ViewportSize = WIDE, scheme: Scheme = "light", locale: str = "de-DE") -> SandboxUI:
        context = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce", locale=locale)
        page = context.new_page()
        _watch(page, errors, urls)
        return SandboxUI(page, sandbox)

    yield open_ui
    for context in browser.contexts:
        context.close()
    assert errors == []
    assert [url for url in urls if not url.startswith((sandbox, "data:", "blob:"))] == []


def _watch(page: Page, errors: list[str], urls: list[str]) -> None:
    def record_message(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and REFUSED not in message.text:
            errors.append(message.text)

    page.set_default_timeout(DEFAULT_TIMEOUT)
    page.on("console", record_message)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: urls.append(request.url))


@pytest.fixture
def ui(open_page: Open) -> SandboxUI:
    """The page in a wide window."""
    return open_page()
