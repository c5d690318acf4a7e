"""`make chaos`: our bot is killed again and again under load, with a stock python-telegram-bot beside it."""

import os
import sys
import tempfile
from pathlib import Path

from tests.chaos.count import ALLOWED, EDITS, FORBIDDEN, REFUSED, STATE, UNPROCESSED
from tests.chaos.play import Plan, Played, play

KILLS, STOCK_KILLS, BROKEN_KILLS = 1_000, 100, 15
OURS_ALONE = (UNPROCESSED, STATE, EDITS, REFUSED)  # what the stock bot has no record of, or is not asked to do
BROKEN = {
    "confirms-first": ("before:add_updates",),
    "state-first": ("before:act", "after:finish"),
    "effects-first": ("after:act", "before:finish"),
}


def main() -> None:
    """Print the table; exit with 1 where our bot lost something or did something twice."""
    kills, seed = int(os.environ.get("KILLS") or KILLS), int(os.environ.get("SEED") or 1)
    few = min(kills, STOCK_KILLS)
    plans = {
        "ours": Plan(kills=kills, seed=seed),
        "stock": Plan("default", few, seed),
        "stock, careful": Plan("careful", few, seed),
    }
    played = {}
    for name, plan in plans.items():
        played[name] = _played(name, plan)
        show(played)
    for name, points in BROKEN.items():
        broken = _played(name, Plan(kills=BROKEN_KILLS, seed=seed, broken=name, points=points))
        told = ", ".join(f"{broken.findings.counts[one]} {one}" for one in FORBIDDEN if broken.findings.counts[one])
        print(f"a store broken on purpose ({name}, {BROKEN_KILLS} kills): {told or 'NOTHING WAS NOTICED'}")
    if any(played["ours"].findings.counts[one] for one in FORBIDDEN):
        sys.exit(1)


def _played(name: str, plan: Plan) -> Played:
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        print(f"{name}: {plan.kills} kills …", file=sys.stderr, flush=True)
        done = play(plan, Path(folder))
    print(f"{name}: {done.seconds:.0f} s, {dict(done.findings.counts)}", file=sys.stderr, flush=True)
    shown = [line for line in done.findings.lines if not line.startswith(ALLOWED)]
    print("\n".join(shown if plan.ours and not plan.broken else shown[:3]), file=sys.stderr, flush=True)
    return done


def show(played: dict[str, Played]) -> None:
    """The table, a column for each bot."""
    names = list(dict.fromkeys(how for one in played.values() for how in one.deaths))
    rows: list[tuple[str, list[int]]] = [("kills", [sum(one.deaths.values()) for one in played.values()])]
    rows += [(f"  {name}", [one.deaths.get(name, 0) for one in played.values()]) for name in names]
    rows.append(("people who began a request", [len(one.stage.stories) for one in played.values()]))
    rows.append(("requests sent", [sum(story.sent for story in one.stage.stories) for one in played.values()]))
    said = [sum(len(told) for story in one.stage.stories for told in story.told.values()) for one in played.values()]
    rows.append(("messages to be relayed", said))
    rows.append(("updates", [len(one.stage.standin.updates) for one in played.values()]))
    rows.append(("calls that took effect", [len(one.stage.ledger.effects) for one in played.values()]))
    for name in (*FORBIDDEN, "calls against the Bot API's rules", ALLOWED, REFUSED):
        rows.append((name, [one.findings.counts[name] for one in played.values()]))
    rows.append(("starts refused by what was left behind", [one.damaged for one in played.values()]))
    rows.append(("seconds", [round(one.seconds) for one in played.values()]))
    print(f"{'':50}" + "".join(f"{name:>16}" for name in played))
    for row, values in rows:
        known = [row not in OURS_ALONE or name == "ours" for name in played]
        shown = (f"{value:16,}" if told else f"{'-':>16}" for value, told in zip(values, known, strict=True))
        print(f"{row:50}" + "".join(shown), flush=True)


if __name__ == "__main__":
    main()
