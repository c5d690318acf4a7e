"""Frozen values <-> JSON columns. What this version does not know is passed over; what is missing has its default."""

from pydantic import TypeAdapter

from bot.consultation import Request
from bot.model import State

STATE: TypeAdapter[State] = TypeAdapter(State)
ANSWERS: TypeAdapter[dict[str, int | None]] = TypeAdapter(dict[str, int | None])
REQUEST: TypeAdapter[Request] = TypeAdapter(Request)
