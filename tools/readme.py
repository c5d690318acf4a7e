"""Write the generated parts of README.md: `python -m tools.readme`. A test compares them."""

import re
from pathlib import Path

import click

from bot.cli.main import cli
from bot.settings import Settings, env_variable

README_PATH = Path(__file__).parents[1] / "README.md"


def fill_readme(text: str) -> str:
    """The README with its generated parts as they should be."""
    for name, part in (("commands", commands_table()), ("settings", settings_table())):
        pattern = rf"(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)"
        text = re.sub(pattern, lambda _, part=part: part, text, flags=re.S)  # type: ignore[misc]  # bound at once
    return text


def commands_table() -> str:
    """The table of commands, from the command line itself."""
    rows = ["| command | does |", "| --- | --- |"]
    for path, command in _walk_commands(cli, "gwbot"):
        usage = " ".join(_argument_usage(item) for item in command.params if isinstance(item, click.Argument))
        rows.append(f"| `{f'{path} {usage}'.strip()}` | {command.get_short_help_str(200)} |")
    return "\n".join(rows) + "\n"


def settings_table() -> str:
    """The table of settings, from the settings themselves."""
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
    README_PATH.write_text(fill_readme(README_PATH.read_text("utf-8")), "utf-8")
