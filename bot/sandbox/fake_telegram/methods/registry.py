"""The register of Bot API methods that the stand-in plays; they are in the methods_* modules."""

from collections.abc import Callable
from typing import Any, TypeVar

from bot.sandbox.fake_telegram.world.world import World

Json = dict[str, Any]
ApiMethod = Callable[[World, Json], Any]
M = TypeVar("M", bound=ApiMethod)

IMPLEMENTED_METHODS: dict[str, ApiMethod] = {}


def api_method(*names: str) -> Callable[[M], M]:
    """Enter a function as the one that plays these methods."""

    def register_method(method: M) -> M:
        IMPLEMENTED_METHODS.update(dict.fromkeys(names, method))
        return method

    return register_method
