"""Validate calls and their results against the machine-readable Bot API.

A call arrives as a method and raw parameters: text from a form (numbers and booleans as text, objects as JSON text),
values from a JSON body, or uploaded files.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

Json = dict[str, Any]

ARRAY_PREFIX = "Array of "
ATTACH_PREFIX = "attach://"
SCALAR_TYPES = {"Integer", "Float", "Boolean", "String", "InputFile"}
TRUE_LITERALS, FALSE_LITERALS = {"true", "True", "1"}, {"false", "False", "0"}
NOT_DECODED = object()


@dataclass(frozen=True)
class Upload:
    """A file uploaded with a multipart call."""

    filename: str
    content: bytes = field(repr=False)


@cache
def load_bot_api() -> Json:
    """Load the reduced description of the Bot API (botapi.json)."""
    loaded: Json = json.loads(Path(__file__).with_name("botapi.json").read_text(encoding="utf-8"))
    return loaded


def is_known_method(method: str) -> bool:
    """Return whether the Bot API has this method."""
    return method in load_bot_api()["methods"]


def check_call(method: str, raw: Mapping[str, Any]) -> tuple[Json, list[str]]:
    """Return the decoded parameters of a call and its problems in words; no problems if it is as documented."""
    if not is_known_method(method):
        return dict(raw), [f"unknown method {method}"]
    fields = load_bot_api()["methods"][method]["fields"]
    upload_names = {name for name, value in raw.items() if isinstance(value, Upload)}
    decoded: Json = {}
    problems = [f"{method}: {name} is required" for name in _missing_fields(fields, raw)]
    for name, value in raw.items():
        if name in fields:
            decoded[name] = decode_value(value, fields[name]["types"])
            problems += check_value(decoded[name], fields[name]["types"], f"{method}: {name}")
        elif name in upload_names:
            decoded[f"{ATTACH_PREFIX}{name}"] = value  # the name by which another parameter refers to it
        else:
            problems.append(f"{method}: unknown parameter {name}")
    problems += [
        f"{method}: no file came for attach://{name}" for name in sorted(_attached_names(decoded) - upload_names)
    ]
    return decoded, problems


def check_result(method: str, result: Any) -> list[str]:
    """Return the problems of a method's result."""
    return check_value(result, load_bot_api()["methods"][method]["returns"], f"answer to {method}")


def check_value(value: Any, types: list[str], path: str) -> list[str]:
    """Return the problems of a decoded value that must have one of the types."""
    inner = [type_name.removeprefix(ARRAY_PREFIX) for type_name in types if type_name.startswith(ARRAY_PREFIX)]
    if isinstance(value, list) and inner:  # "Array of A or Array of B" may contain both
        return [
            problem for index, item in enumerate(value) for problem in check_value(item, inner, f"{path}[{index}]")
        ]
    attempts = [_check_as(value, type_name, path) for type_name in _matching_types(value, types)]
    if not attempts:
        return [f"{path} must be {' or '.join(types)}, not {_describe_value(value)}"]
    return min(attempts, key=_problem_severity)


def _problem_severity(problems: list[str]) -> tuple[int, int]:
    """Rank interpretations of a value: fewest problems first, then those without a wrong type."""
    return len(problems), sum(" must be " in problem for problem in problems)


def decode_value(value: Any, types: list[str]) -> Any:
    """Decode a form parameter: numbers, booleans and JSON arrive as text."""
    if not isinstance(value, str):
        return value
    for type_name in types:
        decoded = _decode_as(value, type_name)
        if decoded is not NOT_DECODED:
            return decoded
    return value


def _decode_as(text: str, type_name: str) -> Any:
    if type_name == "Boolean":
        return True if text in TRUE_LITERALS else False if text in FALSE_LITERALS else NOT_DECODED
    if type_name in ("Integer", "Float"):
        try:
            return int(text) if type_name == "Integer" else float(text)
        except ValueError:
            return NOT_DECODED
    if type_name in SCALAR_TYPES:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return NOT_DECODED


def _matching_types(value: Any, types: list[str]) -> list[str]:
    """Return the types, with unions expanded, whose outer shape and constants match the value."""
    return [type_name for type_name in _expand_unions(types) if _matches_type(value, type_name)]


def _expand_unions(types: list[str]) -> list[str]:
    expanded: list[str] = []
    for type_name in types:
        union = load_bot_api()["types"].get(type_name, {}).get("union")
        expanded += _expand_unions(union) if union else [] if type_name.startswith(ARRAY_PREFIX) else [type_name]
    return expanded


def _matches_type(value: Any, type_name: str) -> bool:
    if type_name in SCALAR_TYPES:
        return _is_scalar(value, type_name)
    if not isinstance(value, dict):
        return False
    constants = {key: item["const"] for key, item in _type_fields(type_name).items() if "const" in item}
    return all(value.get(key) == constant for key, constant in constants.items())


def _is_scalar(value: Any, type_name: str) -> bool:
    if type_name == "InputFile":
        return isinstance(value, Upload)
    if type_name == "Boolean":
        return isinstance(value, bool)
    if isinstance(value, bool):
        return False
    expected = {"Integer": int, "Float": (int, float), "String": str}[type_name]
    return isinstance(value, expected)  # type: ignore[arg-type]  # the values are types or tuples of types


def _check_as(value: Any, type_name: str, path: str) -> list[str]:
    if type_name in SCALAR_TYPES:
        return []
    fields = _type_fields(type_name)
    problems = [f"{path}.{key} is required in {type_name}" for key in _missing_fields(fields, value)]
    for key, item in value.items():
        if key in fields:
            problems += check_value(item, fields[key]["types"], f"{path}.{key}")
        else:
            problems.append(f"{path}: {type_name} has no field {key}")
    return problems


def _type_fields(type_name: str) -> Json:
    fields: Json = load_bot_api()["types"][type_name].get("fields", {})
    return fields


def _missing_fields(fields: Json, values: Mapping[str, Any]) -> list[str]:
    return [name for name, item in fields.items() if item.get("required") and name not in values]


def _attached_names(value: Any) -> set[str]:
    """Return the names of all files that a value refers to with attach://."""
    if isinstance(value, str):
        return {value.removeprefix(ATTACH_PREFIX)} if value.startswith(ATTACH_PREFIX) else set()
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return {name for item in inner for name in _attached_names(item)}


def _describe_value(value: Any) -> str:
    return f"{type(value).__name__} {value!r:.60}"
