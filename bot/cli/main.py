"""`gwbot`: the command line. Exit codes: 0 success, 1 a clear error on standard error, 2 wrong usage."""

import logging
import sys
from importlib.metadata import version

import click

from bot.cli import ask, calibrate, doctor, evaluate, index, knowledge, maintenance, replay, requests, run
from bot.cli import tenant as tenants
from bot.cli.terminal import WholeHelpGroup
from bot.errors import GwError
from bot.log import escape_control_chars
from knowledge.errors import ContentError


@click.group(cls=WholeHelpGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("gemeinsam-wirken-bot"), prog_name="gwbot")
@click.option("--tenant", metavar="NAME", help="Work for this tenant instead of the installation's own bot.")
def cli(tenant: str | None) -> None:
    """The advisory bot for Gemeinsam Wirken."""


for module in (ask, calibrate, doctor, evaluate, index, knowledge, maintenance, replay, requests, run, tenants):
    for command in module.COMMANDS:
        cli.add_command(command)


def main() -> None:
    """Run the command line; an error a person can fix ends in one clear message and exit code 1."""
    try:
        cli()
    except ContentError as error:
        knowledge.print_problems(error.problems)
        sys.exit(1)
    except GwError as error:
        click.echo(escape_control_chars(f"Error: {error}"), err=True)
        sys.exit(1)
    except BrokenPipeError:
        logging.shutdown()
        sys.exit(1)
    except OSError as error:
        if not error.filename:
            raise
        name = error.filename2 or error.filename
        click.echo(escape_control_chars(f"Error: {name} cannot be used: {error.strerror}."), err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
