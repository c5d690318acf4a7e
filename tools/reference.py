"""Write the tables of docs/reference.md: `python -m tools.reference`. A test compares them with the program."""

import click

from bot.cli.main import cli
from bot.settings import Settings, env_variable
from tools import PROJECT_ROOT

REFERENCE_FILE = PROJECT_ROOT / "docs" / "reference.md"


def fill_tables(text: str) -> str:
    """Return the text with the tables between its markers replaced by current ones."""
    for name, table in (("commands", commands_table()), ("settings", settings_table())):
        before, marker, rest = text.partition(f"<!-- {name} -->\n")
        _, end_marker, after = rest.partition(f"<!-- /{name} -->")
        text = f"{before}{marker}{table}{end_marker}{after}"
    return text


def commands_table() -> str:
    """Return the table of commands, made from the command line itself."""
    rows = ["| command | does |", "| --- | --- |"]
    for path, command in _walk_commands(cli, "gwbot"):
        usage = " ".join(_argument_usage(item) for item in command.params if isinstance(item, click.Argument))
        rows.append(f"| `{f'{path} {usage}'.strip()}` | {command.get_short_help_str(200)} |")
    return "\n".join(rows) + "\n"


def settings_table() -> str:
    """Return the table of settings, made from the settings themselves."""
    rows = ["| variable | meaning | default |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (None, frozenset()) else f"`{field.default}`"
        rows.append(f"| `{env_variable(name)}` | {field.description} | {default} |")
    return "\n".join(rows) + "\n"


def _argument_usage(argument: click.Argument) -> str:
    name = (argument.name or "").upper()
    return name if argument.required else f"[{name}]"


def _walk_commands(group: click.Group, path: str) -> list[tuple[str, click.Command]]:
    listed = []
    for name, command in sorted(group.commands.items()):
        inner = f"{path} {name}"
        listed += _walk_commands(command, inner) if isinstance(command, click.Group) else [(inner, command)]
    return listed


if __name__ == "__main__":
    REFERENCE_FILE.write_text(fill_tables(REFERENCE_FILE.read_text("utf-8")), "utf-8")
