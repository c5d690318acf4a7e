"""A group as its people see and change it."""

from typing import TYPE_CHECKING

from bot.sandbox.fake_telegram.world.objects import Chat
from bot.sandbox.fake_telegram.world.world import World

if TYPE_CHECKING:
    from bot.sandbox.fake_telegram.actors.user import User


class Group:
    """A group or supergroup, a forum where it has topics."""

    def __init__(self, world: World, chat: Chat) -> None:
        self.world = world
        self.chat = chat
        self.id = chat.id

    def add_bot(self, actor: "User", *, as_admin: bool = False) -> None:
        """Somebody adds the bot, or makes it administrator; the bot is told by my_chat_member."""
        with self.world.state_change():
            newly_added = self.chat.bot_status in ("left", "kicked")
            self.world.set_bot_status(self.chat, actor.account, "administrator" if as_admin else "member")
            if newly_added:
                joined = {"new_chat_members": [self.world.bot.to_json()]}
                self.world.updates.put("message", self.world.post_message(self.chat, actor.account, joined).to_json())

    def remove_bot(self, actor: "User") -> None:
        """Somebody throws the bot out."""
        with self.world.state_change():
            self.world.set_bot_status(self.chat, actor.account, "kicked")

    def add_member(self, user: "User") -> None:
        """Somebody becomes a member, quietly."""
        with self.world.state_change():
            self.chat.members[user.id] = "member"

    def delete_topic(self, topic: int) -> None:
        """Somebody deletes a topic with all that is in it."""
        with self.world.state_change():
            self.chat.remove_topic(topic)

    def forbid_kinds(self, *kinds: str) -> None:
        """Members may not send messages of these kinds ("sticker", "photo", …) any more, nor may the bot as one."""
        with self.world.state_change():
            self.chat.forbidden.update(kinds)

    def remove_member(self, user: "User") -> None:
        """Somebody is no longer a member."""
        with self.world.state_change():
            del self.chat.members[user.id]

    def upgrade_to_supergroup(self, actor: "User") -> None:
        """A group gets another id: calls to the old one are refused with the new; the bot is told by a message."""
        with self.world.state_change():
            supergroup = self.world.add_group(self.chat.title or "", "supergroup", forum=False)
            supergroup.members, supergroup.bot_status = self.chat.members, self.chat.bot_status
            service_message = self.world.post_message(self.chat, actor.account, {"migrate_to_chat_id": supergroup.id})
            self.world.updates.put("message", service_message.to_json())
            self.chat.migrated_to = supergroup.id
            self.chat, self.id = supergroup, supergroup.id

    def create_topic(self, name: str, actor: "User") -> int:
        """Somebody opens a topic; its id."""
        with self.world.state_change():
            content = {"forum_topic_created": {"name": name, "icon_color": 0x6FB9F0}}
            message = self.world.post_message(self.chat, actor.account, content)
            message.thread_id = message.id
            self.chat.topics[message.id] = name
            self.world.updates.put("message", message.to_json())
            return message.id
