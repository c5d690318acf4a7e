"""Rendering in a subprocess, so that typst's compilation cache does not grow in the bot."""

import asyncio
import os
import resource
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from telegram import Bot

from bot.attachments.renderers import render_attachment
from bot.attachments.subprocess_renderer import render_in_subprocess
from bot.errors import RenderingFailed, RenderingUnavailable
from bot.pipeline.api_calls import ATTACHMENT_KIND
from bot.sandbox.fake_telegram import FakeTelegram
from bot.sandbox.fake_telegram.rules.images import read_image_size
from bot.telegram.bot_api import call_bot_api
from tests.bot.attachments.test_attachments import HOSTILE, chart, handout

LINK = {"link": "https://t.me/bot", "title": "Über uns"}
PROGRAM = """
import asyncio, sys
from bot.attachments.subprocess_renderer import render_in_subprocess
from tests.bot.attachments.test_attachments import chart
asyncio.run(render_in_subprocess("chart", chart()))
print([name for name in ("typst", "segno") if name in sys.modules])
"""


async def test_subprocess_renders_the_same_bytes() -> None:
    """A picture rendered in a subprocess is byte for byte the one rendered in this process."""
    in_subprocess, here = (
        await render_in_subprocess("chart", chart(HOSTILE[0])),
        render_attachment("chart", chart(HOSTILE[0])),
    )

    assert in_subprocess == here


async def test_each_kind_is_rendered() -> None:
    """The handout is a PDF; the QR code and the picture of a step are images."""
    assert (await render_in_subprocess("takeaway", handout("Größe “x”"))).content.startswith(b"%PDF")
    assert read_image_size((await render_in_subprocess("qr", LINK)).content)
    assert read_image_size((await render_in_subprocess("picture", {"name": "weg", "alt": ""})).content)


def test_typst_stays_out_of_the_bot() -> None:
    """After rendering in a subprocess, the parent process has loaded no rendering library."""
    result = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)

    assert result.stdout.strip() == "[]"


async def test_failure_names_the_kind_and_no_value() -> None:
    """The error for a file that cannot be rendered names its kind, but no value a person may have typed."""
    values = chart("Geheim")
    del values["scale"]
    with pytest.raises(RenderingFailed) as failed:
        await render_in_subprocess("chart", values)

    assert "chart" in str(failed.value)
    assert "Geheim" not in str(failed.value)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("gibt-es-nicht", {}),
        ("picture", {"name": "gibt-es-nicht"}),
        ("picture", {"name": "a" * 300}),
        ("picture", {}),
        ("qr", {}),
        ("qr", {"link": "x" * 10_000, "title": ""}),
    ],
)
async def test_unrenderable_attachment_fails_for_good(kind: str, values: dict[str, str]) -> None:
    """Unknown kinds, missing pictures and unusable values are permanent failures."""
    with pytest.raises(RenderingFailed, match=f"the drawing '{kind}' could not be made"):
        await render_in_subprocess(kind, values)


@pytest.mark.parametrize("kind", ["picture", "qr"])
async def test_too_many_open_files_is_temporary(kind: str) -> None:
    """Running out of file descriptors is a temporary failure, for reading a file and for starting a process."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
    try:
        with pytest.raises(RenderingUnavailable, match="could not be made now"):
            await render_in_subprocess(kind, {"name": "weg", **LINK})
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


async def test_killed_renderer_is_temporary() -> None:
    """If the rendering process is killed, that is a temporary failure."""
    rendering = asyncio.create_task(render_in_subprocess("qr", LINK))
    os.kill(await asyncio.to_thread(find_renderer), signal.SIGKILL)

    with pytest.raises(RenderingUnavailable, match="could not be made now"):
        await rendering


async def test_time_limit_is_temporary() -> None:
    """Rendering that exceeds its time limit is stopped, and that is a temporary failure."""
    with pytest.raises(RenderingUnavailable, match="took longer than"):
        await render_in_subprocess("qr", LINK, time_limit=0.001)


async def test_waiting_to_render_takes_no_thread() -> None:
    """While many files wait to be rendered, the bot's other work in threads goes on."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2))
    photo = {"photo": {ATTACHMENT_KIND: "qr", "values": LINK}}
    with FakeTelegram() as fake_telegram:
        ada = fake_telegram.add_user("Ada", started=True)
        async with Bot(fake_telegram.token, base_url=fake_telegram.base_url) as bot:
            sending = [asyncio.create_task(call_bot_api(bot, ada.id, "sendPhoto", photo)) for _ in range(5)]
            await asyncio.sleep(0)

            await asyncio.to_thread(int)

            assert not any(task.done() for task in sending)
            await asyncio.gather(*sending)


def find_renderer() -> int:
    """Return the id of this process's rendering subprocess, once there is one."""
    while True:
        with suppress(OSError):  # a thread or a process that has just ended
            for children in Path("/proc/self/task").glob("*/children"):
                for pid in children.read_text().split():
                    if b"bot.attachments" in Path(f"/proc/{pid}/cmdline").read_bytes():
                        return int(pid)
