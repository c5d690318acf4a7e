"""What commands share on a terminal: help texts in full, and progress with the time left."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import click

from bot.domain.durations import describe_time_left

if TYPE_CHECKING:  # `gwbot --help` must not load the index
    from index.build.corpus import ProgressCallback

QUIET_SECONDS = 2.0  # what ends sooner needs no word about its progress
REPORT_SECONDS = 5.0  # between two lines where there is no terminal
MAX_HELP_LENGTH = 500  # of a command's first sentence: no limit in practice
T = TypeVar("T")


class WholeHelpGroup(click.Group):
    """A group that lists its commands with whole sentences, wrapped instead of cut, and knows those of its groups."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; if there is none of this name, a usage error names a group that has one."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            full_names = [
                f"'{name} {args[0]}'"
                for name, group in self.commands.items()
                if isinstance(group, click.Group) and args[0] in group.commands
            ]
            if full_names:
                message = f"No such command '{args[0]}'. Did you mean {' or '.join(full_names)}?"
                raise click.UsageError(message, ctx) from error
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the names of the commands, each with the first sentence of its help."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, command.get_short_help_str(MAX_HELP_LENGTH)) for name, command in commands if command]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def describe_count(count: int, one: str, many: str) -> str:
    """Return a number with its noun: "1 entry", "12,000 entries"."""
    return f"{count:,} {one if count == 1 else many}"


@contextmanager
def showing_progress(unit: str) -> "Iterator[ProgressCallback]":
    """Show what takes long: on a terminal a bar, elsewhere a line every few seconds; both with the time left."""
    if sys.stderr.isatty():
        from tqdm import tqdm

        with tqdm(unit=f" {unit}", leave=False, delay=QUIET_SECONDS / 4) as bar:

            def update_bar(activity: str, done: int, total: int | None) -> None:
                bar.set_description_str(activity, refresh=False)
                bar.total = total
                bar.update(done - bar.n)

            yield update_bar
        return
    yield _LineReporter(unit, time.monotonic)


class _LineReporter:
    """Writes lines such as "encoding: 1,200 of 12,000 texts, about 40 seconds left" on standard error."""

    def __init__(self, unit: str, clock: Callable[[], float]) -> None:
        self._unit, self._clock = unit, clock
        self._activity, self._began = "", clock()
        self._next_line = self._began + QUIET_SECONDS

    def __call__(self, activity: str, done: int, total: int | None) -> None:
        """Note how far an activity is; write a line if the last one was a while ago."""
        now = self._clock()
        if activity != self._activity:
            self._activity, self._began = activity, now
        if now < self._next_line:
            return
        self._next_line = now + REPORT_SECONDS
        click.echo(f"{activity}: {self._describe(done, total, now - self._began)}", err=True)

    def _describe(self, done: int, total: int | None, seconds: float) -> str:
        if not total:
            return f"{done:,} {self._unit}"
        return f"{done:,} of {total:,} {self._unit}{describe_time_left(seconds, done, total)}"


def track(items: Iterable[T], activity: str, total: int, progress: "ProgressCallback") -> Iterator[T]:
    """Yield the items, and report before each how many are done."""
    for done, item in enumerate(items):
        progress(activity, done, total)
        yield item
