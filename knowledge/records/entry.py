"""One entry of the knowledge base: a Markdown file with YAML front matter."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import yaml

from knowledge.errors import ContentError, Problem
from knowledge.parsing.strict_yaml import compose_node
from knowledge.parsing.text_file import read_text_file

ID_PATTERN = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LEICHTE_SPRACHE = "de-leicht"  # German in Leichte Sprache: shown where a person chose it, never searched in
ENTRY_AUDIENCES = ("npo", "stiftung", "kommune", "unternehmen", "neugierige")

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.S | re.M)
_TEXT_KEYS = ("title", "layer", "source", "url")
_LIST_KEYS = ("audience", "related", "questions")


class Layer(StrEnum):
    """Where an entry's facts come from; layers are never mixed in one entry."""

    PAGE = "page"  # the initiative's own page: the authority
    LITERATURE = "literature"  # published work on Collective Impact
    GAP = "gap"  # people ask, the sources are silent
    DOCUMENT = "document"  # a file of a foreign folder, which knows no layers


@dataclass(frozen=True, slots=True)
class Entry:
    """What the bot can say on one subject, in one language. ``body`` is Markdown."""

    id: str
    lang: str
    title: str
    body: str
    layer: Layer = Layer.DOCUMENT
    source: str = ""
    url: str = ""
    audience: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()


def read_entry(path: Path, entry_id: str, lang: str, *, strict: bool) -> Entry:
    """Read one file. ``strict`` demands complete front matter and rejects keys it does not know.

    Raises:
        ContentError: every problem found in the file, each with its line.
    """
    text = read_text_file(path)
    match = _FRONT_MATTER.match(text)
    if match is None and (strict or text.startswith("---\n")):
        raise ContentError([Problem(path, 1, "the front matter between two lines '---' is missing or not closed")])
    fields, problems = _read_fields(path, match[1] if match else "", lang, strict=strict)
    body = text[match.end() :].strip() if match else text.strip()
    if not body:
        problems.append(Problem(path, text.count("\n") + 1, "the text below the front matter is empty"))
    if problems:
        raise ContentError(problems)
    return _build_entry(fields, entry_id, lang, body, path)


def _build_entry(fields: dict[str, str | list[str]], entry_id: str, lang: str, body: str, path: Path) -> Entry:
    def text_value(key: str) -> str:
        value = fields.get(key, "")
        return value if isinstance(value, str) else ""

    def list_value(key: str) -> tuple[str, ...]:
        return tuple(fields.get(key, ()))

    return Entry(
        id=entry_id,
        lang=lang,
        title=text_value("title") or _first_heading(body) or path.stem,
        body=body,
        layer=Layer(text_value("layer") or Layer.DOCUMENT),
        source=text_value("source") or (path.name if "layer" not in fields else ""),
        url=text_value("url"),
        audience=list_value("audience"),
        related=list_value("related"),
        questions=list_value("questions"),
    )


def _first_heading(body: str) -> str:
    match = re.search(r"^#{1,6}[ \t]+([^ \t\n].*)$", body, re.M)
    return match[1].rstrip(" \t#") if match else ""


def _read_fields(
    path: Path, yaml_text: str, lang: str, *, strict: bool
) -> tuple[dict[str, str | list[str]], list[Problem]]:
    try:
        node = compose_node(yaml_text) if yaml_text else None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 1
        reason = getattr(error, "problem", None) or "unreadable"
        return {}, [Problem(path, line, f"the front matter is not valid YAML: {reason}")]
    fields: dict[str, str | list[str]] = {}
    problems: list[Problem] = []
    if node is not None and not isinstance(node, yaml.MappingNode):
        return {}, [Problem(path, 2, "the front matter must be lines of the form 'key: value'")]
    for key, value, line in _iterate_pairs(node):
        if key in fields:
            problems.append(Problem(path, line, f"the key '{key}' stands here a second time"))
        elif key not in _TEXT_KEYS + _LIST_KEYS:
            if strict:
                known_keys = ", ".join(_TEXT_KEYS + _LIST_KEYS)
                problems.append(Problem(path, line, f"unknown key '{key}'; known are {known_keys}"))
        elif (parsed := _read_value(key, value)) is None:
            expected = "a list of texts" if key in _LIST_KEYS else "one line of text"
            problems.append(Problem(path, line, f"'{key}' must be {expected}"))
        else:
            fields[key] = parsed
            problems += _check_value(path, line, key, parsed)
    if strict and not problems:
        problems += [
            Problem(path, 1, f"the key '{key}' is missing")
            for key in _required_keys(fields, lang)
            if not fields.get(key)
        ]
    return fields, problems


def _iterate_pairs(node: yaml.MappingNode | None) -> Iterator[tuple[str, yaml.Node, int]]:
    for key, value in node.value if node else ():
        yield str(key.value), value, key.start_mark.line + 2


def _read_value(key: str, node: yaml.Node) -> str | list[str] | None:
    if key in _TEXT_KEYS:
        return node.value.strip() if isinstance(node, yaml.ScalarNode) else None
    if not isinstance(node, yaml.SequenceNode):
        return None
    if not all(isinstance(item, yaml.ScalarNode) for item in node.value):
        return None
    return [item.value.strip() for item in node.value]


def _check_value(path: Path, line: int, key: str, value: str | list[str]) -> list[Problem]:
    if key == "layer" and value not in tuple(Layer):
        return [Problem(path, line, f"unknown layer '{value}'; known are {', '.join(Layer)}")]
    if key == "url" and value and not re.fullmatch(r"https?://[^\s<>\"']+", str(value)):
        return [Problem(path, line, f"'{value}' is not a complete address (https://…)")]
    if key == "audience":
        unknown = [item for item in value if item not in ENTRY_AUDIENCES]
        return [
            Problem(path, line, f"unknown audience '{item}'; known are {', '.join(ENTRY_AUDIENCES)}")
            for item in unknown
        ]
    if isinstance(value, list) and not all(value):
        return [Problem(path, line, f"'{key}' has an empty item")]
    return []


def _required_keys(fields: dict[str, str | list[str]], lang: str) -> tuple[str, ...]:
    required = ("title", "layer", "audience", "related")
    questions = () if lang == LEICHTE_SPRACHE else ("questions",)
    return (*required, *questions) if fields.get("layer") == Layer.GAP else (*required, *questions, "source")
