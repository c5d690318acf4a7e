"""Drawings made in a process of their own, so that what typst keeps does not stay with the bot."""

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
from tests.bot.attachments.test_attachments import HOSTILE, chart, page

LINK = {"link": "https://t.me/bot", "title": "Über uns"}
PROGRAM = """
import asyncio, sys
from bot.attachments.subprocess_renderer import render_in_subprocess
from tests.bot.attachments.test_attachments import chart
asyncio.run(render_in_subprocess("chart", chart()))
print([name for name in ("typst", "segno") if name in sys.modules])
"""


async def test_it_draws_the_same() -> None:
    """A picture drawn apart is the one that is drawn here, to the byte."""
    apart, here = (
        await render_in_subprocess("chart", chart(HOSTILE[0])),
        render_attachment("chart", chart(HOSTILE[0])),
    )

    assert apart == here


async def test_each_kind() -> None:
    """The page is a PDF, the QR picture and the picture of a step are PNG."""
    assert (await render_in_subprocess("takeaway", page("Größe “x”"))).content.startswith(b"%PDF")
    assert read_image_size((await render_in_subprocess("qr", LINK)).content)
    assert read_image_size((await render_in_subprocess("picture", {"name": "weg", "alt": ""})).content)


def test_typst_stays_out_of_the_bot() -> None:
    """After a drawing the process that wanted it has loaded nothing that draws."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


async def test_failure_names_the_kind_and_no_value() -> None:
    """What cannot be drawn is an error that repeats nothing a person may have typed."""
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
async def test_what_can_never_be_drawn(kind: str, values: dict[str, str]) -> None:
    """A kind or a picture that there is not (any more), and values that do not fit, fail for good."""
    with pytest.raises(RenderingFailed, match=f"the drawing '{kind}' could not be made"):
        await render_in_subprocess(kind, values)


@pytest.mark.parametrize("kind", ["picture", "qr"])
async def test_too_many_open_files(kind: str) -> None:
    """What the machine is short of may be there later, for a file that is read and for a process that is begun."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
    try:
        with pytest.raises(RenderingUnavailable, match="could not be made now"):
            await render_in_subprocess(kind, {"name": "weg", **LINK})
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


async def test_a_process_that_dies() -> None:
    """A drawing whose process was killed may succeed the next time."""
    drawing = asyncio.create_task(render_in_subprocess("qr", LINK))
    os.kill(await asyncio.to_thread(renderer), signal.SIGKILL)

    with pytest.raises(RenderingUnavailable, match="could not be made now"):
        await drawing


async def test_a_drawing_that_takes_too_long() -> None:
    """On a machine that is busy a drawing is ended, and may succeed the next time."""
    with pytest.raises(RenderingUnavailable, match="took longer than"):
        await render_in_subprocess("qr", LINK, time_limit=0.001)


async def test_waiting_for_a_drawing_takes_no_thread() -> None:
    """While many drawings wait for one another, what else the bot does in threads goes on."""
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


def renderer() -> int:
    """The process that draws for this one, as soon as there is one."""
    while True:
        with suppress(OSError):  # a thread or a process that has just ended
            for children in Path("/proc/self/task").glob("*/children"):
                for pid in children.read_text().split():
                    if b"bot.attachments" in Path(f"/proc/{pid}/cmdline").read_bytes():
                        return int(pid)
