"""Restarting background tasks that fail."""

import pytest

from bot.errors import StoreError
from bot.pipeline.retry import restart_on_error


async def test_failed_task_is_restarted(caplog: pytest.LogCaptureFixture) -> None:
    """A background task that fails is logged and restarted, after a longer wait each time, until it returns."""
    errors = [StoreError("The store is damaged."), *(ValueError("Geheim") for _ in range(7))]
    waits: list[float] = []

    async def work() -> None:
        if errors:
            raise errors.pop(0)

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    await restart_on_error(work, sleep)

    assert waits == [1, 2, 4, 8, 16, 32, 32, 32]
    assert caplog.messages[:2] == [
        "a background task failed, restarting it in 1 s: The store is damaged.",
        "a background task failed, restarting it in 2 s: ValueError",
    ]
    assert [record.levelname for record in caplog.records] == ["ERROR"] * 8
