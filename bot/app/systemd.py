"""A word to systemd, where it started us (`sd_notify`): that we are ready, and from then on that we live."""

import asyncio
import os
import socket


def notify_systemd(state: str) -> None:
    """Send a state such as READY=1; nothing happens where nobody asked for it."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.sendto(state.encode(), f"\0{address[1:]}" if address.startswith("@") else address)


async def run_watchdog() -> None:
    """Say twice in systemd's period that this loop turns; until cancelled."""
    period = int(os.environ.get("WATCHDOG_USEC", "0")) / 1_000_000  # seconds
    while period:
        notify_systemd("WATCHDOG=1")
        await asyncio.sleep(period / 2)
