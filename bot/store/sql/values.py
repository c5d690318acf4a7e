"""Frozen values <-> JSON columns. What this version does not know is passed over; what is missing has its default."""

import logging
from typing import TypeVar

from pydantic import TypeAdapter

from bot.domain.consultation import Request
from bot.domain.selfcheck import Word
from bot.domain.turn import State

log = logging.getLogger(__name__)
T = TypeVar("T")
STATE: TypeAdapter[State] = TypeAdapter(State)
WORDS: TypeAdapter[dict[str, Word]] = TypeAdapter(dict[str, Word])
ANSWERS: TypeAdapter[dict[str, int | None]] = TypeAdapter(dict[str, int | None])
REQUEST: TypeAdapter[Request] = TypeAdapter(Request)


def read(kind: TypeAdapter[T], body: str, what: str) -> T | None:
    """The value of a column; None if it cannot be read. That is logged, and concerns this row only, which is kept."""
    try:
        return kind.validate_json(body)
    except ValueError:
        log.error("%s cannot be read and is left out", what)
        return None
