"""Checks a call, and what is answered to it, against the machine-readable Bot API. No state, no network.

A call arrives as its method and its raw parameters: text from a form (numbers and booleans as text, objects as
JSON in text), values from a JSON body, or an uploaded file. `check_call` gives back the decoded parameters and
everything that is wrong with them, in words; an empty list means the call is as documented.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

Json = dict[str, Any]

ARRAY = "Array of "
ATTACH = "attach://"
SCALARS = {"Integer", "Float", "Boolean", "String", "InputFile"}
TRUE, FALSE = {"true", "True", "1"}, {"false", "False", "0"}
NOTHING = object()


@dataclass(frozen=True)
class Upload:
    """A file that came with a multipart call."""

    filename: str
    content: bytes = field(repr=False)
    mime: str = ""

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return len(self.content)


@cache
def api() -> Json:
    """The reduced description of the Bot API."""
    loaded: Json = json.loads(Path(__file__).with_name("botapi.json").read_text(encoding="utf-8"))
    return loaded


def known(method: str) -> bool:
    """Whether the Bot API has this method."""
    return method in api()["methods"]


def check_call(method: str, raw: Mapping[str, Any]) -> tuple[Json, list[str]]:
    """The parameters of a call, decoded, and all that is wrong with them."""
    if not known(method):
        return dict(raw), [f"unknown method {method}"]
    fields = api()["methods"][method]["fields"]
    files = {name for name, value in raw.items() if isinstance(value, Upload)}
    decoded: Json = {}
    problems = [f"{method}: {name} is required" for name in _missing(fields, raw)]
    for name, value in raw.items():
        if name in fields:
            decoded[name] = decode(value, fields[name]["types"])
            problems += check(decoded[name], fields[name]["types"], f"{method}: {name}")
        elif name in files:
            decoded[f"{ATTACH}{name}"] = value  # under the name by which another parameter refers to it
        else:
            problems.append(f"{method}: unknown parameter {name}")
    problems += [f"{method}: no file came for attach://{name}" for name in sorted(_attached(decoded) - files)]
    return decoded, problems


def check_result(method: str, result: Any) -> list[str]:
    """All that is wrong with an answer to a method."""
    return check(result, api()["methods"][method]["returns"], f"answer to {method}")


def check(value: Any, types: list[str], where: str) -> list[str]:
    """All that is wrong with a decoded value that must be of one of the types."""
    inner = [name.removeprefix(ARRAY) for name in types if name.startswith(ARRAY)]
    if isinstance(value, list) and inner:  # an album's "Array of A or Array of B" may hold both
        return [problem for n, item in enumerate(value) for problem in check(item, inner, f"{where}[{n}]")]
    attempts = [_check_one(value, name, where) for name in _candidates(value, types)]
    if not attempts:
        return [f"{where} must be {' or '.join(types)}, not {_shown(value)}"]
    return min(attempts, key=_gravity)


def _gravity(problems: list[str]) -> tuple[int, int]:
    """Of several readings of a value the one with the fewest problems is meant, and not one of a wrong type."""
    return len(problems), sum(" must be " in problem for problem in problems)


def decode(value: Any, types: list[str]) -> Any:
    """A parameter as it is meant: numbers, booleans and JSON come as text in a form."""
    if not isinstance(value, str):
        return value
    for name in types:
        decoded = _decode_one(value, name)
        if decoded is not NOTHING:
            return decoded
    return value


def _decode_one(text: str, name: str) -> Any:
    if name == "Boolean":
        return True if text in TRUE else False if text in FALSE else NOTHING
    if name in ("Integer", "Float"):
        try:
            return int(text) if name == "Integer" else float(text)
        except ValueError:
            return NOTHING
    if name in SCALARS:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return NOTHING


def _candidates(value: Any, types: list[str]) -> list[str]:
    """The types, unions taken apart, whose outer shape or constant fits the value."""
    return [name for name in _flat(types) if _fits(value, name)]


def _flat(types: list[str]) -> list[str]:
    flat: list[str] = []
    for name in types:
        union = api()["types"].get(name, {}).get("union")
        flat += _flat(union) if union else [] if name.startswith(ARRAY) else [name]
    return flat


def _fits(value: Any, name: str) -> bool:
    if name in SCALARS:
        return _is_scalar(value, name)
    if not isinstance(value, dict):
        return False
    constants = {key: item["const"] for key, item in _fields(name).items() if "const" in item}
    return all(value.get(key) == constant for key, constant in constants.items())


def _is_scalar(value: Any, name: str) -> bool:
    if name == "InputFile":
        return isinstance(value, Upload)
    if name == "Boolean":
        return isinstance(value, bool)
    if isinstance(value, bool):
        return False
    expected = {"Integer": int, "Float": (int, float), "String": str}[name]
    return isinstance(value, expected)  # type: ignore[arg-type]  # the values are types or tuples of types


def _check_one(value: Any, name: str, where: str) -> list[str]:
    if name in SCALARS:
        return []
    fields = _fields(name)
    problems = [f"{where}.{key} is required in {name}" for key in _missing(fields, value)]
    for key, item in value.items():
        if key in fields:
            problems += check(item, fields[key]["types"], f"{where}.{key}")
        else:
            problems.append(f"{where}: {name} has no field {key}")
    return problems


def _fields(name: str) -> Json:
    fields: Json = api()["types"][name].get("fields", {})
    return fields


def _missing(fields: Json, given: Mapping[str, Any]) -> list[str]:
    return [name for name, item in fields.items() if item.get("required") and name not in given]


def _attached(value: Any) -> set[str]:
    """The names of all files a value refers to with attach://."""
    if isinstance(value, str):
        return {value.removeprefix(ATTACH)} if value.startswith(ATTACH) else set()
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return {name for item in inner for name in _attached(item)}


def _shown(value: Any) -> str:
    return f"{type(value).__name__} {value!r:.60}"
