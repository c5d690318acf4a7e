"""The register of Bot API methods that the stand-in plays; they are in the methods_* modules."""

from collections.abc import Callable
from typing import Any, TypeVar

from bot.sandbox.fake_telegram.world.world import World

Json = dict[str, Any]
Method = Callable[[World, Json], Any]
M = TypeVar("M", bound=Method)

PLAYED: dict[str, Method] = {}


def plays(*names: str) -> Callable[[M], M]:
    """Enter a function as the one that plays these methods."""

    def enter(method: M) -> M:
        PLAYED.update(dict.fromkeys(names, method))
        return method

    return enter
