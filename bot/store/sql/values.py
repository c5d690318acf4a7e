"""Frozen values <-> JSON columns. What this version does not know is passed over; what is missing has its default."""

import logging
from typing import TypeVar

from pydantic import TypeAdapter

from bot.domain.consultation import Request
from bot.domain.selfcheck import TeamRating
from bot.domain.turn import State

log = logging.getLogger(__name__)
T = TypeVar("T")
STATE_ADAPTER: TypeAdapter[State] = TypeAdapter(State)
WORDS_ADAPTER: TypeAdapter[dict[str, TeamRating]] = TypeAdapter(dict[str, TeamRating])
ANSWERS_ADAPTER: TypeAdapter[dict[str, int | None]] = TypeAdapter(dict[str, int | None])
REQUEST_ADAPTER: TypeAdapter[Request] = TypeAdapter(Request)


def read_json(adapter: TypeAdapter[T], body: str, description: str) -> T | None:
    """The value of a column; None if it cannot be read. That is logged, and concerns this row only, which is kept."""
    try:
        return adapter.validate_json(body)
    except ValueError:
        log.error("%s cannot be read and is left out", description)
        return None
