"""What a number of bots (tenants) needs, from measured figures: `python -m tests.performance.bench.capacity`.

Pure arithmetic: it knows of no queue and no burst within a second. It says what is full, not how long one waits.
"""

from dataclasses import dataclass, replace
from math import ceil

HOUR = 3600.0  # seconds


@dataclass(frozen=True)
class Measured:
    """What one question, process or tenant costs; docs/scaling.md says how each was measured.

    Attributes:
        bot, database: processor milliseconds of a question in the bot's processes and in PostgreSQL.
        transactions: writing transactions of a question.
        ceiling: writing transactions a second of one bot, which writes one after the other.
        process, tenant: MB of a process with encoder and one tenant; of each further tenant with its own index.
        connections: of each tenant in each process.
        sends: messages a second that Telegram takes of one bot.
    """

    bot: float
    database: float
    transactions: float
    ceiling: float
    process: float
    tenant: float
    connections: int = 4
    sends: float = 28.5


MEASURED = Measured(bot=28, database=4.5, transactions=3, ceiling=410, process=310, tenant=32)


@dataclass(frozen=True)
class Load:
    """What is asked: ``share`` of a day's questions fall into its busiest hour, evenly; ``busy`` is the share of a
    core that is to be used at most."""

    tenants: int
    questions: float = 200.0
    share: float = 0.2
    busy: float = 0.6


@dataclass(frozen=True)
class Machine:
    """What there is."""

    cores: int = 2
    megabytes: float = 4_096
    connections: int = 97  # of PostgreSQL: max_connections 100 without those kept for superusers


@dataclass(frozen=True)
class Needs:
    """What it takes in the busiest hour. ``cores`` are such as ``Load.busy`` allows."""

    a_second: float
    cores: float
    processes: int
    megabytes: float
    transactions: float
    connections: int


def needs(load: Load, measured: Measured) -> Needs:
    """What these tenants need, where each process serves all of them."""
    a_second = load.tenants * load.questions * load.share / HOUR
    cores = a_second * (measured.bot + measured.database) / 1000 / load.busy
    processes = max(1, ceil(a_second * measured.bot / 1000 / load.busy))
    each = measured.process + (load.tenants - 1) * measured.tenant
    transactions = a_second * measured.transactions
    return Needs(
        a_second, cores, processes, processes * each, transactions, processes * load.tenants * measured.connections
    )


def used(load: Load, measured: Measured, machine: Machine) -> dict[str, float]:
    """By limit, the share of it that is used; what is over 1 does not fit."""
    found = needs(load, measured)
    one = needs(replace(load, tenants=1), measured)
    return {
        "cores": found.cores / machine.cores,
        "memory": found.megabytes / machine.megabytes,
        "connections": found.connections / machine.connections,
        "transactions of one bot": one.transactions / measured.ceiling,
        "Telegram's messages of one bot": one.a_second / measured.sends,
    }


def wall(load: Load, measured: Measured, machine: Machine) -> str:
    """The limit that is reached first."""
    shares = used(load, measured, machine)
    return max(shares, key=lambda name: shares[name])


def fits(load: Load, measured: Measured, machine: Machine) -> int:
    """How many such tenants fit before the first limit is reached, at least 0."""
    low, high = 0, 1
    while max(used(replace(load, tenants=high), measured, machine).values()) <= 1 and high < 10**7:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        if max(used(replace(load, tenants=middle), measured, machine).values()) <= 1:
            low = middle
        else:
            high = middle
    return low


def main() -> None:
    """Print what docs/scaling.md shows."""
    machine = Machine()
    for tenants in (1, 50, 1_000):
        load = Load(tenants)
        found = needs(load, MEASURED)
        print(f"{tenants:6,} tenants: {found.a_second:.3f} questions a second, {found.cores:.2f} cores")
        print(f"        {found.processes} processes, {found.megabytes:,.0f} MB, {found.connections} connections")
        print(f"        {found.transactions:.1f} writing transactions a second")
        for name, share in used(load, MEASURED, machine).items():
            print(f"        {name}: {share:.1%}")
        print(f"        the next wall: {wall(load, MEASURED, machine)}")
    print(f"fit on this machine: {fits(Load(1), MEASURED, machine)}")


if __name__ == "__main__":
    main()
