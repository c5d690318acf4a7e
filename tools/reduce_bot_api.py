"""Make the small copy of the Bot API description that the stand-in validates against.

Usage, from the root of the repository:

    python -m tools.reduce_bot_api path/to/api.min.json > bot/sandbox/fake_telegram/rules/botapi.json

The source is PaulSonOfLars/telegram-bot-api-spec (MIT, see LICENSE-botapi.md). Names, types, what is required
and what a method returns are kept, the prose goes. A field whose prose says it always holds one value keeps that
value as "const": it tells the members of a union (InputMedia, BotCommandScope, ChatMember, ...) apart.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

Json = dict[str, Any]

CONSTANT = re.compile(r'(?:always|must be) [“"]?([a-z0-9_]+)[”"]?$')


def field(source: Json) -> Json:
    """One parameter or attribute without its description."""
    kept: Json = {"types": source["types"]}
    if source["required"]:
        kept["required"] = True
    constant = CONSTANT.search(source.get("description", ""))
    if constant and source["types"] == ["String"]:
        kept["const"] = constant.group(1)
    return kept


def fields(source: Json) -> Json:
    """All fields of a method or type, by name."""
    return {item["name"]: field(item) for item in source.get("fields", [])}


def described(source: Json) -> Json:
    """A type: either a union of others or an object with fields."""
    if source.get("subtypes"):
        return {"union": source["subtypes"]}
    return {"fields": fields(source)}


def reduce(api: Json) -> Json:
    """The whole description, reduced."""
    return {
        "version": api["version"],
        "methods": {
            name: {"returns": item["returns"], "fields": fields(item)} for name, item in api["methods"].items()
        },
        "types": {name: described(item) for name, item in api["types"].items()},
    }


if __name__ == "__main__":
    whole = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    json.dump(reduce(whole), sys.stdout, separators=(",", ":"), sort_keys=True)
    sys.stdout.write("\n")
