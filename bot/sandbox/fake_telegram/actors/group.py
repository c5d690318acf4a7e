"""A group as its people see and change it."""

from bot.sandbox.fake_telegram.actors.user import User
from bot.sandbox.fake_telegram.world.objects import Chat
from bot.sandbox.fake_telegram.world.world import World


class Group:
    """A group or supergroup, a forum where it has topics."""

    def __init__(self, world: World, chat: Chat) -> None:
        self.world = world
        self.chat = chat
        self.id = chat.id

    def adds_bot(self, by: "User", *, admin: bool = False) -> None:
        """Somebody adds the bot, or makes it administrator; the bot is told by my_chat_member."""
        with self.world.change():
            new = self.chat.bot_status in ("left", "kicked")
            self.world.set_bot_status(self.chat, by.account, "administrator" if admin else "member")
            if new:
                joined = {"new_chat_members": [self.world.bot.to_json()]}
                self.world.updates.put("message", self.world.post(self.chat, by.account, joined).to_json())

    def removes_bot(self, by: "User") -> None:
        """Somebody throws the bot out."""
        with self.world.change():
            self.world.set_bot_status(self.chat, by.account, "kicked")

    def joined_by(self, user: "User") -> None:
        """Somebody becomes a member, quietly."""
        with self.world.change():
            self.chat.members[user.id] = "member"

    def deletes_topic(self, topic: int) -> None:
        """Somebody deletes a topic with all that is in it."""
        with self.world.change():
            self.chat.remove_topic(topic)

    def forbids(self, *kinds: str) -> None:
        """Members may not send messages of these kinds ("sticker", "photo", …) any more, nor may the bot as one."""
        with self.world.change():
            self.chat.forbidden.update(kinds)

    def leaves(self, user: "User") -> None:
        """Somebody is no longer a member."""
        with self.world.change():
            del self.chat.members[user.id]

    def becomes_supergroup(self, by: "User") -> None:
        """A group gets another id: calls to the old one are refused with the new; the bot is told by a message."""
        with self.world.change():
            new = self.world.add_group(self.chat.title or "", "supergroup", forum=False)
            new.members, new.bot_status = self.chat.members, self.chat.bot_status
            told = self.world.post(self.chat, by.account, {"migrate_to_chat_id": new.id})
            self.world.updates.put("message", told.to_json())
            self.chat.migrated_to = new.id
            self.chat, self.id = new, new.id

    def topic(self, name: str, by: "User") -> int:
        """Somebody opens a topic; its id."""
        with self.world.change():
            opened = {"forum_topic_created": {"name": name, "icon_color": 0x6FB9F0}}
            message = self.world.post(self.chat, by.account, opened)
            message.thread_id = message.id
            self.chat.topics[message.id] = name
            self.world.updates.put("message", message.to_json())
            return message.id
