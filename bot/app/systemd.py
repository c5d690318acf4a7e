"""systemd notifications (`sd_notify`): readiness and watchdog."""

import asyncio
import os
import socket


def notify_systemd(state: str) -> None:
    """Send a state such as READY=1; do nothing unless systemd has set NOTIFY_SOCKET."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.sendto(state.encode(), f"\0{address[1:]}" if address.startswith("@") else address)


async def run_watchdog() -> None:
    """Notify systemd twice per watchdog period that the event loop runs, until cancelled."""
    period = int(os.environ.get("WATCHDOG_USEC", "0")) / 1_000_000  # seconds
    while period:
        notify_systemd("WATCHDOG=1")
        await asyncio.sleep(period / 2)
