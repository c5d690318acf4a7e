"""Find the line on which invalid YAML is really wrong, by trying what makes it valid.

A parser complains where it can no longer go on: a missing quotation mark may show twenty lines later. People make few
kinds of mistakes in lines of the form ``key: value``; each has a repair, and the one that gets the parser further is
what was meant. The repaired lines also serve as examples, and let the rest of the file be checked at once.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import yaml

MAX_LINES, MAX_LENGTH = 400, 40_000  # longer texts are not repaired: this is for what people type
MAX_REPAIRS = 30
MAX_ATTEMPTS = 300  # each reads the whole text, in a few milliseconds
_LINE = re.compile(r"(?P<head>\s*(?:-\s+)*(?:[\w-]+:(?=\s|$)\s*)?)(?P<value>.*)")
_COLON_WITHOUT_SPACE = re.compile(r"(?P<head>\s*(?:-\s+)?[a-z]+:)(?P<value>(?!//)\S.*)")
_DASH_WITHOUT_SPACE = re.compile(r"(?P<head>\s*-)(?P<value>[^\s-].*)")
_LINE_WITHOUT_COLON = re.compile(r"(?P<key>[a-z_]+)(?P<value>\s+\S.*)?\s*")
_LIST_PARENT = re.compile(
    r"(?P<indent>\s*)(?:-\s+)*[\w-]+:?\s*(?:#.*)?"
)  # a key without a value, also without its colon
_LIST_ITEM = re.compile(r"(?P<indent>\s*)-\s.*")
_BLOCK_START = re.compile(r"(?P<indent>\s*)(?:-\s+)*[\w-]+:\s+[|>][-+\d]*\s*(?:#.*)?")
_TYPOGRAPHIC_QUOTES = "„“”‚‘’"  # what word processors make of straight ones
_TYPOGRAPHIC = re.compile(rf"[{_TYPOGRAPHIC_QUOTES}]([^{_TYPOGRAPHIC_QUOTES}\"]+)[{_TYPOGRAPHIC_QUOTES}\"]")
_NEEDS_QUOTES = "*&!%@`,]}|>?"
_BRACKETS = {"[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Repair:
    """A flaw of one line: its number from 0, the code of the problem, and the line as it should be."""

    number: int
    code: str
    line: str
    sign: str = ""


def repair_yaml(text: str, parse: Callable[[str], object]) -> tuple[str, list[Repair], yaml.YAMLError | None]:
    """Return the repaired text, the repairs that it took, and the first error for which there is none.

    Args:
        parse: raises a marked yaml.YAMLError for a text that it does not accept.
    """
    lines = text.splitlines()
    is_repairable = len(text) <= MAX_LENGTH and len(lines) <= MAX_LINES
    repairs: list[Repair] = []
    if is_repairable:
        for repair in _find_glued_dashes(lines):
            repairs.append(repair)
            lines[repair.number] = repair.line
        text = "\n".join(lines) + "\n" if repairs else text
    attempts = iter(range(MAX_ATTEMPTS))
    while error := _find_error(text, parse):
        repair_found = _find_repair(lines, error, parse, attempts) if is_repairable else None
        if repair_found is None or len(repairs) >= MAX_REPAIRS:
            return text, repairs, error
        lines[repair_found.number] = repair_found.line
        text = "\n".join(lines) + "\n"
        repairs.append(repair_found)
    return text, repairs, None


def _find_glued_dashes(lines: list[str]) -> list[Repair]:
    """Return a repair for each list item without a space after its dash.

    YAML may accept it: as a text that swallows the items below. So it is found by what stands above it: a key without
    a value, or an item of the same list.
    """
    repairs: list[Repair] = []
    list_indent: str | None = None  # that of the items which may follow
    is_first = False  # the items may be indented further than the key above them
    block_indent: int | None = None  # lines that are indented further are literal text
    for number, line in enumerate(lines):
        indent = line[: len(line) - len(line.lstrip())]
        if not line.strip() or (block_indent is not None and len(indent) > block_indent):
            continue
        block = _BLOCK_START.fullmatch(line)
        block_indent = len(block["indent"]) if block else None
        glued = _DASH_WITHOUT_SPACE.fullmatch(line)
        if glued and list_indent is not None and (indent == list_indent or (is_first and indent > list_indent)):
            repairs.append(Repair(number, "dash_without_space", f"{glued['head']} {glued['value']}"))
            list_indent, is_first = indent, False
        elif (item := _LIST_ITEM.fullmatch(line)) and not _LIST_PARENT.fullmatch(line):
            list_indent, is_first = item["indent"], False
        elif parent := _LIST_PARENT.fullmatch(line):
            list_indent, is_first = parent["indent"], True
        else:
            list_indent = None
    return repairs


def _find_error(text: str, parse: Callable[[str], object]) -> yaml.YAMLError | None:
    try:
        parse(text)
    except yaml.YAMLError as error:
        return error
    return None


def _error_line(error: yaml.YAMLError) -> int:
    mark = getattr(error, "problem_mark", None)
    return mark.line if mark else 0


def _error_start(error: yaml.YAMLError) -> int:
    """Return the line on which begins what could not be read to its end."""
    mark = getattr(error, "context_mark", None)
    return mark.line if mark else _error_line(error)


def _find_repair(
    lines: list[str], error: yaml.YAMLError, parse: Callable[[str], object], attempts: Iterator[int]
) -> Repair | None:
    """Return the first repair, by line, that gets the parser further.

    If there is none, the first after which it complains further down than the repaired line: an open quotation mark
    hides the mistakes between it and the next one, or the end of the file.
    """
    last, possible_repair = _error_line(error), None
    for number, line in enumerate(lines[: last + 1]):
        for repair in _propose_repairs(number, line):
            if next(attempts, None) is None:
                return possible_repair
            repaired = [*lines[:number], repair.line, *lines[number + 1 :]]
            next_error = _find_error("\n".join(repaired) + "\n", parse)
            if next_error is None or _error_line(next_error) > last:
                return repair
            next_start = _error_start(next_error)
            is_other = _error_line(next_error) < last or next_start > _error_start(error)
            if possible_repair is None and is_other and number < min(next_start, _error_line(next_error)):
                possible_repair = repair
    return possible_repair


def _propose_repairs(number: int, line: str) -> Iterator[Repair]:
    if match := _COLON_WITHOUT_SPACE.fullmatch(line):
        yield Repair(number, "colon_without_space", f"{match['head']} {match['value']}")
    if match := _DASH_WITHOUT_SPACE.fullmatch(line):
        yield Repair(number, "dash_without_space", f"{match['head']} {match['value']}")
    if match := _LINE_WITHOUT_COLON.fullmatch(line):
        yield Repair(number, "colon_missing", f"{match['key']}:{(match['value'] or '').rstrip()}")
    indent = line[: len(line) - len(line.lstrip())]
    if "\t" in indent:
        yield Repair(number, "tab", indent.replace("\t", "  ") + line.lstrip())
    match = _LINE.fullmatch(line)
    assert match
    head, value = match["head"], match["value"].rstrip()
    if not value or value.startswith("#"):
        return
    first = value[0]
    if first in "\"'":
        end = value.find(first, 1)
        if end < 0 and value[-1] in _TYPOGRAPHIC_QUOTES:
            yield Repair(number, "typographic_quotes", head + _quote(value[1:-1]))
        elif end < 0:
            yield Repair(number, "quote_open", head + _quote(value[1:]))
        elif value[end + 1 :].strip():
            yield Repair(number, "text_after_quote", head + _quote(value))
    elif first in _BRACKETS and not value.endswith(_BRACKETS[first]):
        yield Repair(number, "bracket_open", head + value.rstrip(", ") + _BRACKETS[first])
    elif value[-1] in "\"'" and value.count(value[-1]) == 1:
        yield Repair(number, "quote_not_opened", head + value[-1] + value)
    elif first in _NEEDS_QUOTES:
        yield Repair(number, "sign_needs_quotes", head + _quote(value), first)
    elif ": " in value or value.endswith(":"):
        yield Repair(number, "colon_needs_quotes", head + _quote(value))


def straighten_quotes(value: str) -> str:
    """Return a value that stands in typographic quotation marks in straight ones; "" if it stands in none."""
    match = _TYPOGRAPHIC.fullmatch(value)
    return _quote(match[1]) if match else ""


def _quote(text: str) -> str:
    if '"' in text or "\\" in text:
        doubled = text.replace("'", "''")
        return f"'{doubled}'"
    return f'"{text}"'
