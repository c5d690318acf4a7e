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
from tests.bot.sandbox.page.stage import Stage
from tests.support.paths import PREPARED, ROOT

PATIENCE = 15_000  # milliseconds; only failures take this long
REFUSED = "status of 400"  # logged by the browser when the server refuses something

Scheme = Literal["light", "dark"]
Open = Callable[..., Stage]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium."""
    if FOUND is None:
        pytest.skip(MISSING)
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        yield launch(playwright)


@pytest.fixture(scope="package")
def knowledge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the knowledge, which tests may change."""
    return shutil.copytree(ROOT / "knowledge", tmp_path_factory.mktemp("edited") / "knowledge")


@pytest.fixture(scope="package")
def sandbox(browser: Browser, knowledge: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running sandbox."""
    settings = Settings(data_dir=PREPARED, port=0, _env_file=None)
    with Sandbox(settings, tmp_path_factory.mktemp("sandbox"), knowledge) as running:
        yield running.url


@pytest.fixture
def open_page(browser: Browser, sandbox: str) -> Iterator[Open]:
    """Open the page of a reset sandbox; afterwards no error was logged and no other host contacted."""
    httpx.post(f"{sandbox}/api/reset", json={}, timeout=30).raise_for_status()
    said: list[str] = []
    asked: list[str] = []

    def opened(size: ViewportSize = WIDE, scheme: Scheme = "light") -> Stage:
        context = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce", locale="de-DE")
        page = context.new_page()
        _watch(page, said, asked)
        return Stage(page, sandbox)

    yield opened
    for context in browser.contexts:
        context.close()
    assert said == []
    assert [url for url in asked if not url.startswith((sandbox, "data:", "blob:"))] == []


def _watch(page: Page, said: list[str], asked: list[str]) -> None:
    def heard(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and REFUSED not in message.text:
            said.append(message.text)

    page.set_default_timeout(PATIENCE)
    page.on("console", heard)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))


@pytest.fixture
def stage(open_page: Open) -> Stage:
    """The page in a wide window."""
    return open_page()
