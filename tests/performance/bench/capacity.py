"""Estimate what a number of bots (tenants) needs from measured costs: `python -m tests.performance.bench.capacity`.

Pure arithmetic without queues or bursts within a second: it says which limit is reached, not how long users wait.
"""

from dataclasses import dataclass, replace
from math import ceil

HOUR = 3600.0  # seconds


@dataclass(frozen=True)
class MeasuredCosts:
    """The cost of one question, process or tenant; docs/scaling.md describes how each was measured.

    Attributes:
        bot, database: CPU milliseconds per question in the bot's processes and in PostgreSQL.
        transactions: write transactions per question.
        ceiling: write transactions per second of one bot, which writes one after the other.
        process, tenant: MB of a process with encoder and one tenant; of each further tenant with its own index.
        connections: database connections per tenant and process.
        sends: messages per second that Telegram accepts from one bot.
    """

    bot: float
    database: float
    transactions: float
    ceiling: float
    process: float
    tenant: float
    connections: int = 4
    sends: float = 28.5


MEASURED = MeasuredCosts(bot=28, database=4.5, transactions=3, ceiling=410, process=310, tenant=32)


@dataclass(frozen=True)
class Load:
    """The load: ``share`` of a day's questions are asked in the busiest hour; cores may be used up to ``busy``."""

    tenants: int
    questions: float = 200.0
    share: float = 0.2
    busy: float = 0.6


@dataclass(frozen=True)
class Machine:
    """The resources of a machine."""

    cores: int = 2
    megabytes: float = 4_096
    connections: int = 97  # of PostgreSQL: max_connections 100 without those reserved for superusers


@dataclass(frozen=True)
class Needs:
    """The resources needed in the busiest hour, with cores used up to ``Load.busy``."""

    questions_per_second: float
    cores: float
    processes: int
    megabytes: float
    transactions: float
    connections: int


def estimate_needs(load: Load, measured: MeasuredCosts) -> Needs:
    """Estimate what these tenants need if each process serves all of them."""
    questions_per_second = load.tenants * load.questions * load.share / HOUR
    cores = questions_per_second * (measured.bot + measured.database) / 1000 / load.busy
    processes = max(1, ceil(questions_per_second * measured.bot / 1000 / load.busy))
    each = measured.process + (load.tenants - 1) * measured.tenant
    transactions = questions_per_second * measured.transactions
    return Needs(
        questions_per_second,
        cores,
        processes,
        processes * each,
        transactions,
        processes * load.tenants * measured.connections,
    )


def compute_utilisation(load: Load, measured: MeasuredCosts, machine: Machine) -> dict[str, float]:
    """Return the used share of each limit, by name; a share above 1 does not fit."""
    needs = estimate_needs(load, measured)
    one_tenant = estimate_needs(replace(load, tenants=1), measured)
    return {
        "cores": needs.cores / machine.cores,
        "memory": needs.megabytes / machine.megabytes,
        "connections": needs.connections / machine.connections,
        "transactions of one bot": one_tenant.transactions / measured.ceiling,
        "Telegram's messages of one bot": one_tenant.questions_per_second / measured.sends,
    }


def find_first_limit(load: Load, measured: MeasuredCosts, machine: Machine) -> str:
    """Return the limit that is reached first."""
    shares = compute_utilisation(load, measured, machine)
    return max(shares, key=lambda name: shares[name])


def count_fitting_tenants(load: Load, measured: MeasuredCosts, machine: Machine) -> int:
    """Return how many such tenants fit before the first limit is reached."""
    low, high = 0, 1
    while max(compute_utilisation(replace(load, tenants=high), measured, machine).values()) <= 1 and high < 10**7:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        if max(compute_utilisation(replace(load, tenants=middle), measured, machine).values()) <= 1:
            low = middle
        else:
            high = middle
    return low


def main() -> None:
    """Print the figures of docs/scaling.md."""
    machine = Machine()
    for tenants in (1, 50, 1_000):
        load = Load(tenants)
        needs = estimate_needs(load, MEASURED)
        print(f"{tenants:6,} tenants: {needs.questions_per_second:.3f} questions a second, {needs.cores:.2f} cores")
        print(f"        {needs.processes} processes, {needs.megabytes:,.0f} MB, {needs.connections} connections")
        print(f"        {needs.transactions:.1f} write transactions a second")
        for name, share in compute_utilisation(load, MEASURED, machine).items():
            print(f"        {name}: {share:.1%}")
        print(f"        the first limit: {find_first_limit(load, MEASURED, machine)}")
    print(f"fit on this machine: {count_fitting_tenants(Load(1), MEASURED, machine)}")


if __name__ == "__main__":
    main()
