"""The registry of implemented Bot API methods; importing a module of this package registers its methods."""

from collections.abc import Callable
from typing import Any

from bot.sandbox.fake_telegram.rules.schema import Json
from bot.sandbox.fake_telegram.world.objects import Chat
from bot.sandbox.fake_telegram.world.world import World

ApiMethod = Callable[[World, Json], Any]
ChatMethod = Callable[[World, Chat, Json], Any]

IMPLEMENTED_METHODS: dict[str, ApiMethod] = {}


def api_method(name: str) -> Callable[[ApiMethod], ApiMethod]:
    """Register a function of world and parameters as the implementation of a method."""

    def register_method(method: ApiMethod) -> ApiMethod:
        IMPLEMENTED_METHODS[name] = method
        return method

    return register_method


def chat_method(name: str) -> Callable[[ChatMethod], ChatMethod]:
    """Register a function that also takes the chat named by ``chat_id``, to which the bot may write."""

    def register_method(method: ChatMethod) -> ChatMethod:
        api_method(name)(lambda world, params: method(world, world.find_writable_chat(params["chat_id"]), params))
        return method

    return register_method
