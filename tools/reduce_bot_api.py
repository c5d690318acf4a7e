"""Reduce the description of the Bot API to what the fake Telegram validates against.

Usage, from the root of the repository:

    python -m tools.reduce_bot_api path/to/api.min.json > bot/sandbox/fake_telegram/rules/botapi.json

The source is PaulSonOfLars/telegram-bot-api-spec (MIT, see LICENSE-botapi.md). The result has names, types, required
flags and return types, but no descriptions. If a description says that a field always has one value, the field gets
it as "const": it distinguishes the members of a union (InputMedia, BotCommandScope, ChatMember, ...).
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

Json = dict[str, Any]

CONST_PATTERN = re.compile(r'(?:always|must be) [“"]?([a-z0-9_]+)[”"]?$')


def reduce_field(source: Json) -> Json:
    """Return a parameter or attribute without its description."""
    reduced: Json = {"types": source["types"]}
    if source["required"]:
        reduced["required"] = True
    constant = CONST_PATTERN.search(source.get("description", ""))
    if constant and source["types"] == ["String"]:
        reduced["const"] = constant.group(1)
    return reduced


def reduce_fields(source: Json) -> Json:
    """Return the reduced fields of a method or type by name."""
    return {item["name"]: reduce_field(item) for item in source.get("fields", [])}


def reduce_type(source: Json) -> Json:
    """Return a reduced type: a union of others, or an object with fields."""
    if source.get("subtypes"):
        return {"union": source["subtypes"]}
    return {"fields": reduce_fields(source)}


def reduce_spec(spec: Json) -> Json:
    """Return the whole description, reduced."""
    return {
        "version": spec["version"],
        "methods": {
            name: {"returns": item["returns"], "fields": reduce_fields(item)}
            for name, item in spec["methods"].items()
        },
        "types": {name: reduce_type(item) for name, item in spec["types"].items()},
    }


if __name__ == "__main__":
    full_spec = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    json.dump(reduce_spec(full_spec), sys.stdout, separators=(",", ":"), sort_keys=True)
    sys.stdout.write("\n")
