"""What is printed about runs."""

import sys

from tests.reliability.chaos.checks import (
    ALLOWED_REPEAT,
    EDITS_LOST,
    FORBIDDEN,
    REFUSED,
    RULES_VIOLATED,
    STATE_WRONG,
    UPDATES_UNPROCESSED,
)
from tests.reliability.chaos.rate_limited import RateLimitResult
from tests.reliability.chaos.runs import RunPlan, RunResult

# Rows that say nothing about the stock bot: it keeps no such record, or people do not do this with it.
OWN_ROWS = (UPDATES_UNPROCESSED, STATE_WRONG, EDITS_LOST, REFUSED)
MAX_LINES = 3  # about a bot in which findings are expected


def print_table(results: dict[str, RunResult]) -> None:
    """Print the results by name, each in a column; our own bot is "ours"."""
    runs = list(results.values())
    kinds = list(dict.fromkeys(kind for run in runs for kind in run.kills))
    circumstances = list(dict.fromkeys(name for run in runs for name in run.circumstances))
    rows: list[tuple[str, list[int]]] = [
        ("kills", [run.kills.total() for run in runs]),
        *[(f"  {kind}", [run.kills[kind] for run in runs]) for kind in kinds],
        *[(f"  {name}", [run.circumstances.get(name, 0) for run in runs]) for name in circumstances],
        ("reminders sent", [_count_reminders(run) for run in runs]),
        ("people who started a request", [len(run.stage.stories) for run in runs]),
        ("requests sent", [sum(story.sent for story in run.stage.stories) for run in runs]),
        ("messages to relay", [_count_messages(run) for run in runs]),
        ("updates", [len(run.stage.fake_telegram.updates) for run in runs]),
        ("calls that took effect", [len(run.stage.ledger.effects) for run in runs]),
    ]
    for name in (*FORBIDDEN, RULES_VIOLATED, ALLOWED_REPEAT, REFUSED):
        rows.append((name, [run.findings.counts[name] for run in runs]))
    rows.append(("failed starts", [run.failed_starts for run in runs]))
    rows.append(("seconds", [round(run.seconds) for run in runs]))
    print(f"{'':50}" + "".join(f"{name:>16}" for name in results))
    for row, values in rows:
        known = [row not in OWN_ROWS or name == "ours" for name in results]
        cells = (f"{value:16,}" if is_known else f"{'-':>16}" for value, is_known in zip(values, known, strict=True))
        print(f"{row:50}" + "".join(cells), flush=True)


def print_progress(name: str, plan: RunPlan, result: RunResult) -> None:
    """Print to standard error what was found, except for what is allowed."""
    print(f"{name}: {result.seconds:.0f} s, {dict(result.findings.counts)}", file=sys.stderr, flush=True)
    lines = [line for line in result.findings.lines if not line.startswith(ALLOWED_REPEAT)]
    is_expected = not plan.is_ours or plan.broken_store
    print("\n".join(lines[:MAX_LINES] if is_expected else lines), file=sys.stderr, flush=True)


def print_broken_store(name: str, result: RunResult) -> None:
    """Print whether the checks detected a store that is broken on purpose."""
    found = ", ".join(f"{count} {finding}" for finding, count in result.findings.count_forbidden().items())
    kills = result.kills.total()
    print(f"store broken on purpose ({name}, {kills} kills): {found or 'NOT DETECTED'}", flush=True)


def print_rate_limits(result: RateLimitResult) -> None:
    """Print what happened in the run with Telegram's rate limits."""
    gaps = sorted(result.gaps)
    print(f"with Telegram's rate limits: {len(gaps)} kills of the process that sends, {result.questions} questions,")
    print(
        f"  {result.unanswered} unanswered, {result.repeated} answered twice; limits broken {len(result.violations)};"
    )
    print(f"  next message after {gaps[len(gaps) // 2]:.1f} s (median), {gaps[-1]:.1f} s (longest)", flush=True)


def _count_reminders(run: RunResult) -> int:
    return sum("erinnert werden" in effect.text for effect in run.stage.ledger.effects)


def _count_messages(run: RunResult) -> int:
    return sum(len(messages) for story in run.stage.stories for messages in story.messages.values())
