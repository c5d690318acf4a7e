"""`make chaos`: our bot is killed again and again under load, with a stock python-telegram-bot beside it.

`make chaos-postgres` (``--database postgresql``): several processes on one PostgreSQL, killed one by one.
"""

import argparse
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.reliability.chaos.count import ALLOWED, EDITS, FORBIDDEN, REFUSED, STATE, UNPROCESSED
from tests.reliability.chaos.lives import fork_server
from tests.reliability.chaos.paced import paced
from tests.reliability.chaos.play import Plan, Played, play
from tests.reliability.chaos.several import play_several

KILLS, STOCK_KILLS, BROKEN_KILLS = 1_000, 100, 15
SEVERAL_KILLS, PACED_KILLS = 200, 10
OURS_ALONE = (UNPROCESSED, STATE, EDITS, REFUSED)  # what the stock bot has no record of, or is not asked to do
BROKEN = {
    "confirms-first": ("before:add_updates",),
    "state-first": ("before:apply", "after:finish_update"),
    "effects-first": ("after:apply", "before:finish_update"),
}


def main() -> None:
    """Print the table; exit with 1 where our bot lost something or did something twice."""
    parser = argparse.ArgumentParser(prog="python -m tests.reliability.chaos")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--workers", type=int, default=2, help="processes that take updates, on PostgreSQL")
    parser.add_argument("--senders", type=int, default=1, help="further ones that take none (gwbot worker)")
    given = parser.parse_args()
    several = given.database == "postgresql"
    kills = int(os.environ.get("KILLS") or (SEVERAL_KILLS if several else KILLS))
    seed = int(os.environ.get("SEED") or 1)
    with fork_server() as forks:
        if several:
            wrong = _several(forks, Plan(kills=kills, seed=seed, workers=given.workers, senders=given.senders))
        else:
            wrong = _alone(forks, kills, seed)
    if wrong:
        sys.exit(1)


def _alone(forks: Path, kills: int, seed: int) -> bool:
    few = min(kills, STOCK_KILLS)
    plans = {
        "ours": Plan(kills=kills, seed=seed),
        "stock": Plan("default", few, seed),
        "stock, careful": Plan("careful", few, seed),
    }
    played = {}
    for name, plan in plans.items():
        played[name] = _played(forks, name, plan)
        show(played)
    for name, points in BROKEN.items():
        _told(name, _played(forks, name, Plan(kills=BROKEN_KILLS, seed=seed, broken=name, points=points)))
    return any(played["ours"].findings.counts[one] for one in FORBIDDEN)


def _several(forks: Path, plan: Plan) -> bool:
    played = _played(forks, "ours", plan)
    show({"ours": played})
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        seen = paced(min(plan.kills, PACED_KILLS), forks, Path(folder))
    waits = sorted(seen.waited)
    print(f"with Telegram's limits: {len(waits)} kills of the process that sends, {seen.asked} questions,")
    print(f"  {seen.missing} not answered, {seen.again} answered again; limits broken {len(seen.violations)};")
    print(
        f"  the next message after {waits[len(waits) // 2]:.1f} s (median), {waits[-1]:.1f} s (longest)", flush=True
    )
    for name, points in BROKEN.items():
        _told(name, _played(forks, name, replace(plan, kills=BROKEN_KILLS, senders=0, broken=name, points=points)))
    return bool(seen.violations or seen.missing) or any(played.findings.counts[one] for one in FORBIDDEN)


def _told(name: str, played: Played) -> None:
    counts = played.findings.counts
    told = ", ".join(f"{counts[one]} {one}" for one in FORBIDDEN if counts[one])
    kills = sum(played.deaths.values())
    print(f"a store broken on purpose ({name}, {kills} kills): {told or 'NOTHING WAS NOTICED'}", flush=True)


def _played(forks: Path, name: str, plan: Plan) -> Played:
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        print(f"{name}: {plan.kills} kills …", file=sys.stderr, flush=True)
        done = play_several(plan, forks, Path(folder)) if plan.workers else play(plan, forks, Path(folder))
    print(f"{name}: {done.seconds:.0f} s, {dict(done.findings.counts)}", file=sys.stderr, flush=True)
    shown = [line for line in done.findings.lines if not line.startswith(ALLOWED)]
    print("\n".join(shown if plan.ours and not plan.broken else shown[:3]), file=sys.stderr, flush=True)
    return done


def show(played: dict[str, Played]) -> None:
    """The table, a column for each bot."""
    names = list(dict.fromkeys(how for one in played.values() for how in one.deaths))
    rows: list[tuple[str, list[int]]] = [("kills", [sum(one.deaths.values()) for one in played.values()])]
    rows += [(f"  {name}", [one.deaths.get(name, 0) for one in played.values()]) for name in names]
    more = list(dict.fromkeys(what for one in played.values() for what in one.beside))
    rows += [(f"  {what}", [one.beside.get(what, 0) for one in played.values()]) for what in more]
    rows.append(
        (
            "reminders sent",
            [sum("erinnert werden" in effect.text for effect in one.stage.ledger.effects) for one in played.values()],
        )
    )
    rows.append(("people who began a request", [len(one.stage.stories) for one in played.values()]))
    rows.append(("requests sent", [sum(story.sent for story in one.stage.stories) for one in played.values()]))
    said = [sum(len(told) for story in one.stage.stories for told in story.told.values()) for one in played.values()]
    rows.append(("messages to be relayed", said))
    rows.append(("updates", [len(one.stage.fake_telegram.updates) for one in played.values()]))
    rows.append(("calls that took effect", [len(one.stage.ledger.effects) for one in played.values()]))
    for name in (*FORBIDDEN, "calls against the Bot API's rules", ALLOWED, REFUSED):
        rows.append((name, [one.findings.counts[name] for one in played.values()]))
    rows.append(("ended by themselves", [one.damaged for one in played.values()]))
    rows.append(("seconds", [round(one.seconds) for one in played.values()]))
    print(f"{'':50}" + "".join(f"{name:>16}" for name in played))
    for row, values in rows:
        known = [row not in OURS_ALONE or name == "ours" for name in played]
        shown = (f"{value:16,}" if told else f"{'-':>16}" for value, told in zip(values, known, strict=True))
        print(f"{row:50}" + "".join(shown), flush=True)


if __name__ == "__main__":
    main()
