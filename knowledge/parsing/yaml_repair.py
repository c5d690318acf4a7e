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
_LINE = re.compile(r"(?P<head>\s*(?:-\s+)*(?:[\w-]+:(?=\s)\s*)?)(?P<value>.*)")
_COLON_WITHOUT_SPACE = re.compile(r"(?P<head>\s*(?:-\s+)?[a-z]+:)(?P<value>(?!//)\S.*)")
_DASH_WITHOUT_SPACE = re.compile(r"(?P<head>\s*-)(?P<value>[^\s-].*)")
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


def repair_yaml(text: str, parse: Callable[[str], object]) -> tuple[str, list[Repair]]:
    """Return a text that ``parse`` accepts, and the repairs that it took, in order.

    Args:
        parse: raises a marked yaml.YAMLError for a text that it does not accept.

    Raises:
        yaml.YAMLError: the first error for which there is no repair.
    """
    repairs: list[Repair] = []
    attempts = iter(range(MAX_ATTEMPTS if len(text) <= MAX_LENGTH else 0))
    while error := _find_error(text, parse):
        lines = text.splitlines()
        repair = _find_repair(lines, error, parse, attempts) if len(lines) <= MAX_LINES else None
        if repair is None or len(repairs) == MAX_REPAIRS:
            raise error
        lines[repair.number] = repair.line
        text = "\n".join(lines) + "\n"
        repairs.append(repair)
    return text, repairs


def _find_error(text: str, parse: Callable[[str], object]) -> yaml.YAMLError | None:
    try:
        parse(text)
    except yaml.YAMLError as error:
        return error
    return None


def _error_line(error: yaml.YAMLError) -> int:
    mark = getattr(error, "problem_mark", None)
    return mark.line if mark else 0


def _find_repair(
    lines: list[str], error: yaml.YAMLError, parse: Callable[[str], object], attempts: Iterator[int]
) -> Repair | None:
    """Return the first repair, by line, that gets the parser further.

    If there is none, the first after which it complains further down than the repaired line: an open quotation mark
    hides the mistakes between it and the next one.
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
            if possible_repair is None and number < _error_line(next_error) < last:
                possible_repair = repair
    return possible_repair


def _propose_repairs(number: int, line: str) -> Iterator[Repair]:
    if match := _COLON_WITHOUT_SPACE.fullmatch(line):
        yield Repair(number, "colon_without_space", f"{match['head']} {match['value']}")
    if match := _DASH_WITHOUT_SPACE.fullmatch(line):
        yield Repair(number, "dash_without_space", f"{match['head']} {match['value']}")
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
