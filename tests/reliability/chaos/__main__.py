"""`make chaos`: our bot is killed again and again under load, with a stock python-telegram-bot for comparison.

`make chaos-postgres` (``--database postgresql``): several processes on one PostgreSQL, killed one at a time.
"""

import argparse
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.reliability.chaos.count import ALLOWED, EDITS, FORBIDDEN, REFUSED, STATE, UNPROCESSED
from tests.reliability.chaos.play import Plan, RunResult, run_single
from tests.reliability.chaos.rate_limited import run_rate_limited
from tests.reliability.chaos.several import run_several

KILLS, STOCK_KILLS, BROKEN_KILLS = 1_000, 100, 15
SEVERAL_KILLS, PACED_KILLS = 200, 10
OURS_ONLY = (UNPROCESSED, STATE, EDITS, REFUSED)  # what the stock bot does not record, or is not made to do
BROKEN_POINTS = {
    "confirms-first": ("before:add_updates",),
    "state-first": ("before:apply", "after:finish_update"),
    "effects-first": ("after:apply", "before:finish_update"),
}


def main() -> None:
    """Print the table; exit with 1 if our bot lost something or did something twice."""
    parser = argparse.ArgumentParser(prog="python -m tests.reliability.chaos")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--workers", type=int, default=2, help="processes that receive updates, on PostgreSQL")
    parser.add_argument("--senders", type=int, default=1, help="further processes that receive none (gwbot worker)")
    options = parser.parse_args()
    on_postgresql = options.database == "postgresql"
    kills = int(os.environ.get("KILLS") or (SEVERAL_KILLS if on_postgresql else KILLS))
    seed = int(os.environ.get("SEED") or 1)
    if on_postgresql:
        failed = _run_on_postgresql(Plan(kills=kills, seed=seed, workers=options.workers, senders=options.senders))
    else:
        failed = _run_alone(kills, seed)
    if failed:
        sys.exit(1)


def _run_alone(kills: int, seed: int) -> bool:
    stock_kills = min(kills, STOCK_KILLS)
    plans = {
        "ours": Plan(kills=kills, seed=seed),
        "stock": Plan("default", stock_kills, seed),
        "stock, careful": Plan("careful", stock_kills, seed),
    }
    results = {}
    for name, plan in plans.items():
        results[name] = _run(name, plan)
        print_table(results)
    for name, points in BROKEN_POINTS.items():
        _print_detected(name, _run(name, Plan(kills=BROKEN_KILLS, seed=seed, broken=name, points=points)))
    return any(results["ours"].findings.counts[name] for name in FORBIDDEN)


def _run_on_postgresql(plan: Plan) -> bool:
    result = _run("ours", plan)
    print_table({"ours": result})
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        rate_limited = run_rate_limited(min(plan.kills, PACED_KILLS), Path(folder))
    waits, violations = sorted(rate_limited.waits), len(rate_limited.violations)
    print(
        f"with Telegram's limits: {len(waits)} kills of the process that sends, {rate_limited.questions} questions,"
    )
    print(
        f"  {rate_limited.missing} unanswered, {rate_limited.repeated} answered twice; {violations} limits violated;"
    )
    print(
        f"  the next message after {waits[len(waits) // 2]:.1f} s (median), {waits[-1]:.1f} s (longest)", flush=True
    )
    for name, points in BROKEN_POINTS.items():
        _print_detected(name, _run(name, replace(plan, kills=BROKEN_KILLS, senders=0, broken=name, points=points)))
    return bool(rate_limited.violations or rate_limited.missing) or any(
        result.findings.counts[name] for name in FORBIDDEN
    )


def _print_detected(name: str, result: RunResult) -> None:
    counts = result.findings.counts
    detected = ", ".join(f"{counts[finding]} {finding}" for finding in FORBIDDEN if counts[finding])
    kills = sum(result.deaths.values())
    print(f"a deliberately broken store ({name}, {kills} kills): {detected or 'NOTHING WAS DETECTED'}", flush=True)


def _run(name: str, plan: Plan) -> RunResult:
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        print(f"{name}: {plan.kills} kills …", file=sys.stderr, flush=True)
        result = run_several(plan, Path(folder)) if plan.workers else run_single(plan, Path(folder))
    print(f"{name}: {result.seconds:.0f} s, {dict(result.findings.counts)}", file=sys.stderr, flush=True)
    lines = [line for line in result.findings.lines if not line.startswith(ALLOWED)]
    print("\n".join(lines if plan.ours and not plan.broken else lines[:3]), file=sys.stderr, flush=True)
    return result


def print_table(results: dict[str, RunResult]) -> None:
    """Print the table, with a column for each bot."""
    names = list(dict.fromkeys(name for result in results.values() for name in result.deaths))
    rows: list[tuple[str, list[int]]] = [("kills", [sum(result.deaths.values()) for result in results.values()])]
    rows += [(f"  {name}", [result.deaths.get(name, 0) for result in results.values()]) for name in names]
    names = list(dict.fromkeys(name for result in results.values() for name in result.disturbances))
    rows += [(f"  {name}", [result.disturbances.get(name, 0) for result in results.values()]) for name in names]
    rows.append(
        (
            "reminders sent",
            [
                sum("erinnert werden" in effect.text for effect in result.simulation.ledger.effects)
                for result in results.values()
            ],
        )
    )
    rows.append(("people who began a request", [len(result.simulation.stories) for result in results.values()]))
    rows.append(
        ("requests sent", [sum(story.sent for story in result.simulation.stories) for result in results.values()])
    )
    written = [
        sum(len(texts) for story in result.simulation.stories for texts in story.written.values())
        for result in results.values()
    ]
    rows.append(("messages to be relayed", written))
    rows.append(("updates", [len(result.simulation.fake_telegram.updates) for result in results.values()]))
    rows.append(("calls that took effect", [len(result.simulation.ledger.effects) for result in results.values()]))
    for name in (*FORBIDDEN, "calls against the Bot API's rules", ALLOWED, REFUSED):
        rows.append((name, [result.findings.counts[name] for result in results.values()]))
    rows.append(("exited by themselves", [result.failed_starts for result in results.values()]))
    rows.append(("seconds", [round(result.seconds) for result in results.values()]))
    print(f"{'':50}" + "".join(f"{name:>16}" for name in results))
    for row, values in rows:
        counted = [row not in OURS_ONLY or name == "ours" for name in results]
        cells = (f"{value:16,}" if count else f"{'-':>16}" for value, count in zip(values, counted, strict=True))
        print(f"{row:50}" + "".join(cells), flush=True)


if __name__ == "__main__":
    main()
