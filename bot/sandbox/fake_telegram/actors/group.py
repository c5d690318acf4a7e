"""A group as its members see and change it."""

from bot.sandbox.fake_telegram.world.objects import Account, Chat
from bot.sandbox.fake_telegram.world.world import World


class Group:
    """A group or supergroup, with topics if it is a forum. ``actor`` is the account that does something."""

    def __init__(self, world: World, chat: Chat) -> None:
        self.world = world
        self.chat = chat
        self.id = chat.id

    def add_bot(self, actor: Account, *, as_admin: bool = False) -> None:
        """Add the bot or make it administrator; it is notified by my_chat_member."""
        with self.world.state_change():
            newly_added = self.chat.bot_status in ("left", "kicked")
            self.world.set_bot_status(self.chat, actor, "administrator" if as_admin else "member")
            if newly_added:
                joined = {"new_chat_members": [self.world.bot.to_json()]}
                self.world.updates.put("message", self.world.post_message(self.chat, actor, joined).to_json())

    def remove_bot(self, actor: Account) -> None:
        """Remove the bot."""
        with self.world.state_change():
            self.world.set_bot_status(self.chat, actor, "kicked")

    def add_member(self, account: Account) -> None:
        """Add a member without notifying the bot."""
        with self.world.state_change():
            self.chat.members[account.id] = "member"

    def remove_member(self, account: Account) -> None:
        """Remove a member without notifying the bot."""
        with self.world.state_change():
            del self.chat.members[account.id]

    def create_topic(self, name: str, actor: Account) -> int:
        """Open a topic and return its id."""
        with self.world.state_change():
            message = self.world.create_topic(self.chat, actor, name)
            self.world.updates.put("message", message.to_json())
            return message.id

    def delete_topic(self, topic: int) -> None:
        """Delete a topic with all its messages."""
        with self.world.state_change():
            self.chat.remove_topic(topic)

    def forbid_kinds(self, *kinds: str) -> None:
        """Forbid members, and the bot as one, to send messages of these kinds ("sticker", "photo", ...)."""
        with self.world.state_change():
            self.chat.forbidden.update(kinds)

    def upgrade_to_supergroup(self, actor: Account) -> None:
        """Give the group a new id: calls to the old one are refused with the new one; a message notifies the bot."""
        with self.world.state_change():
            supergroup = self.world.add_group(self.chat.title or "", "supergroup", forum=False)
            supergroup.members, supergroup.bot_status = self.chat.members, self.chat.bot_status
            service_message = self.world.post_message(self.chat, actor, {"migrate_to_chat_id": supergroup.id})
            self.world.updates.put("message", service_message.to_json())
            self.chat.migrated_to = supergroup.id
            self.chat, self.id = supergroup, supergroup.id
