"""Kill the bot again and again under load, and print what was lost or done twice.

`make chaos` runs one process with SQLite, and a stock python-telegram-bot for comparison. `make chaos-postgres`
(``--database postgresql``) runs several processes on one PostgreSQL, one of which is killed at a time.
"""

import argparse
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.reliability.chaos.bot_process import run_fork_server
from tests.reliability.chaos.broken_stores import BROKEN_STORE_KILL_PLACES
from tests.reliability.chaos.rate_limited import run_rate_limited
from tests.reliability.chaos.report import print_broken_store, print_progress, print_rate_limits, print_table
from tests.reliability.chaos.run_several import run_several
from tests.reliability.chaos.run_single import run_single
from tests.reliability.chaos.runs import RunPlan, RunResult

SINGLE_KILLS, SEVERAL_KILLS = 1_000, 200  # without KILLS
MAX_STOCK_KILLS, MAX_RATE_LIMITED_KILLS = 100, 10
BROKEN_STORE_KILLS = 15
ENVIRONMENT = f"""\
environment variables:
  KILLS  how often the bot is killed (default: {SINGLE_KILLS}, or {SEVERAL_KILLS} with PostgreSQL)
  SEED   seed of what is chosen at random (default: 1)

Exits with status 1 if our bot lost something or did something twice.
"""


def main() -> None:
    """Run what the command line asks for; exit with status 1 if our bot lost something or did something twice."""
    options = _parse_options()
    has_several = options.database == "postgresql"
    kills = int(os.environ.get("KILLS") or (SEVERAL_KILLS if has_several else SINGLE_KILLS))
    seed = int(os.environ.get("SEED") or 1)
    with run_fork_server() as fork_socket:
        if has_several:
            plan = RunPlan(kills=kills, seed=seed, workers=options.workers, senders=options.senders)
            passed = _check_several(fork_socket, plan)
        else:
            passed = _check_single(fork_socket, kills, seed)
    if not passed:
        sys.exit(1)


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.reliability.chaos",
        description="Kill the bot again and again under load, and print what was lost or done twice.",
        epilog=ENVIRONMENT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--database",
        choices=["sqlite", "postgresql"],
        default="sqlite",
        help="one process with SQLite, compared with a stock python-telegram-bot (default), or several processes on "
        "one PostgreSQL",
    )
    parser.add_argument(
        "--workers", type=int, default=2, help="with PostgreSQL: processes that receive updates (default: 2)"
    )
    parser.add_argument(
        "--senders",
        type=int,
        default=1,
        help="with PostgreSQL: additional processes that receive none, as with `gwbot worker` (default: 1)",
    )
    return parser.parse_args()


def _check_single(fork_socket: Path, kills: int, seed: int) -> bool:
    """Run our bot, the stock bot and our bot with broken stores; return whether ours passed all checks."""
    stock_kills = min(kills, MAX_STOCK_KILLS)
    plans = {
        "ours": RunPlan(kills=kills, seed=seed),
        "stock": RunPlan("default", stock_kills, seed),
        "stock, careful": RunPlan("careful", stock_kills, seed),
    }
    results = {}
    for name, plan in plans.items():
        results[name] = _run_plan(fork_socket, name, plan)
        print_table(results)
    _run_broken_stores(fork_socket, RunPlan(seed=seed))
    return not results["ours"].findings.count_forbidden()


def _check_several(fork_socket: Path, plan: RunPlan) -> bool:
    """Run our bot, also with rate limits and with broken stores; return whether it passed all checks."""
    result = _run_plan(fork_socket, "ours", plan)
    print_table({"ours": result})
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        limited = run_rate_limited(min(plan.kills, MAX_RATE_LIMITED_KILLS), fork_socket, Path(folder))
    print_rate_limits(limited)
    _run_broken_stores(fork_socket, replace(plan, senders=0))
    return not (limited.violations or limited.unanswered or result.findings.count_forbidden())


def _run_broken_stores(fork_socket: Path, plan: RunPlan) -> None:
    for name, places in BROKEN_STORE_KILL_PLACES.items():
        broken = replace(plan, kills=BROKEN_STORE_KILLS, broken_store=name, kill_places=places)
        print_broken_store(name, _run_plan(fork_socket, name, broken))


def _run_plan(fork_socket: Path, name: str, plan: RunPlan) -> RunResult:
    print(f"{name}: {plan.kills} kills …", file=sys.stderr, flush=True)
    run = run_several if plan.workers else run_single
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        result = run(plan, fork_socket, Path(folder))
    print_progress(name, plan, result)
    return result


if __name__ == "__main__":
    main()
