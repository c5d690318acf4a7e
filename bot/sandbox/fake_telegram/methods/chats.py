"""Methods about the chats the bot is in, and who else is."""

from typing import Any

from bot.sandbox.fake_telegram.methods.registry import api_method
from bot.sandbox.fake_telegram.rules import limits
from bot.sandbox.fake_telegram.world.objects import Chat
from bot.sandbox.fake_telegram.world.world import World, chat_member_json

Json = dict[str, Any]

ADMIN_STATUSES = ("creator", "administrator")


@api_method("getChat")
def get_chat(world: World, params: Json) -> Json:
    """All about a chat."""
    chat = world.find_chat(params["chat_id"])
    gifts = "unlimited_gifts limited_gifts unique_gifts premium_subscription gifts_from_channels"
    full_info = {
        "accent_color_id": chat.id % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(gifts.split(), True),
    }
    if chat.pinned:
        full_info["pinned_message"] = chat.messages[chat.pinned[-1]].to_json()
    return chat.to_json() | full_info


@api_method("getChatMember")
def get_chat_member(world: World, params: Json) -> Json:
    """What somebody is in a chat."""
    chat = world.find_chat(params["chat_id"])
    account = world.accounts.get(params["user_id"])
    if account is None:
        raise limits.bad_request("user not found")
    if account is world.bot:
        return chat_member_json(account, chat.bot_status)
    status = "member" if chat.is_private and account.id == chat.id else chat.members.get(account.id, "left")
    return chat_member_json(account, status)


@api_method("getChatAdministrators")
def get_chat_administrators(world: World, params: Json) -> list[Json]:
    """Who leads a group; other bots than this one would be left out."""
    chat = _find_group(world, params)
    admins = [(world.accounts[member], status) for member, status in chat.members.items() if status in ADMIN_STATUSES]
    own_entry = [(world.bot, chat.bot_status)] if chat.bot_status == "administrator" else []
    return [chat_member_json(account, status) for account, status in [*admins, *own_entry]]


@api_method("getChatMemberCount")
def get_chat_member_count(world: World, params: Json) -> int:
    """How many are in a chat, the bot among them."""
    chat = world.find_chat(params["chat_id"])
    return 2 if chat.is_private else len(chat.members) + (chat.bot_status in ("member", "administrator"))


@api_method("leaveChat")
def leave_chat(world: World, params: Json) -> bool:
    """Go out of a group."""
    chat = world.find_writable_chat(params["chat_id"])
    if chat.is_private:
        raise limits.bad_request("chat member status can't be changed in private chats")
    world.set_bot_status(chat, world.bot, "left")
    return True


def _find_group(world: World, params: Json) -> Chat:
    chat = world.find_chat(params["chat_id"])
    if chat.is_private:
        raise limits.bad_request("there are no administrators in the private chat")
    return chat
