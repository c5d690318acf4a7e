"""What a person can send besides text, and how anything a person sends reaches the bot."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bot.sandbox.fake_telegram.rules import image_size, utf16
from bot.sandbox.fake_telegram.world import objects
from bot.sandbox.fake_telegram.world.objects import Account, Chat, Message, MessageView
from bot.sandbox.fake_telegram.world.world import World

if TYPE_CHECKING:
    from bot.sandbox.fake_telegram.actors.group import Group

Json = dict[str, Any]

DEFAULT_PHOTO = image_size.plain_png()


def is_visible_to_bot(world: World, message: Message) -> bool:
    """Whether the bot gets a message: in groups privacy mode lets through only what is meant for it."""
    chat = message.chat
    if chat.bot_status in ("left", "kicked"):
        return False
    if chat.is_private or not world.privacy_mode or chat.bot_status == "administrator":
        return True
    if message.reply_to and message.reply_to.sender is world.bot:
        return True
    text, entities = objects.text_and_entities(message.content)
    return any(_addresses_bot(world.bot, text, entity) for entity in entities)


def _addresses_bot(bot: Account, text: str, entity: Json) -> bool:
    covered_text = utf16.slice_units(text, entity["offset"], entity["length"])
    _, separator, name = covered_text.partition("@")
    is_own_name = name.lower() == (bot.username or "").lower()
    return is_own_name if entity["type"] == "mention" or separator else entity["type"] == "bot_command"


def _caption_content(caption: str) -> Json:
    entities = utf16.detect_entities(caption, [])
    return objects.omit_none(caption=caption or None, caption_entities=entities or None)


class MediaSender:
    """A person who sends things; `User` adds text, buttons and reading."""

    def __init__(self, world: World, account: Account) -> None:
        self.world = world
        self.account = account
        self.id = account.id
        self._last_actions: dict[int, int] = {}

    def send_photo(
        self,
        caption: str = "",
        chat: "Group | None" = None,
        *,
        topic: int | None = None,
        content: bytes = DEFAULT_PHOTO,
    ) -> MessageView:
        """Send a picture."""
        photo = self._add_file("photo", content)
        return self._send_content({"photo": [photo], **_caption_content(caption)}, chat, topic=topic)

    def send_album(
        self, captions: Sequence[str], chat: "Group | None" = None, *, topic: int | None = None
    ) -> list[MessageView]:
        """Send a picture for each of the captions as one album; the bot gets each in an update of its own."""
        with self.world.state_change():
            album_id = str(self.world.next_number("album"))
            return [
                self._send_content(
                    {"photo": [self._add_file("photo", DEFAULT_PHOTO)], **_caption_content(caption)},
                    chat,
                    topic=topic,
                    album_id=album_id,
                )
                for caption in captions
            ]

    def send_voice(
        self, chat: "Group | None" = None, *, topic: int | None = None, content: bytes = b"OggS", seconds: int = 3
    ) -> MessageView:
        """Send a voice message."""
        return self._send_content({"voice": self._add_file("voice", content, duration=seconds)}, chat, topic=topic)

    def send_sticker(self, chat: "Group | None" = None, *, topic: int | None = None) -> MessageView:
        """Send a sticker."""
        return self._send_content({"sticker": self._add_file("sticker", DEFAULT_PHOTO)}, chat, topic=topic)

    def send_document(
        self,
        filename: str = "paper.pdf",
        chat: "Group | None" = None,
        *,
        topic: int | None = None,
        content: bytes = b"%PDF-1.4",
        caption: str = "",
    ) -> MessageView:
        """Send a file."""
        document = self._add_file("document", content, filename)
        return self._send_content({"document": document, **_caption_content(caption)}, chat, topic=topic)

    def send_poll(
        self, question: str = "When?", chat: "Group | None" = None, *, topic: int | None = None
    ) -> MessageView:
        """Send a poll with two answers."""
        options = [
            {"persistent_id": str(number), "text": text, "voter_count": 0} for number, text in enumerate("AB", 1)
        ]
        poll = {
            "id": str(self.world.next_change_number()),
            "question": question,
            "options": options,
            "total_voter_count": 0,
            "type": "regular",
        }
        false_flags = "is_closed allows_multiple_answers allows_revoting members_only"
        poll |= {"is_anonymous": True} | dict.fromkeys(false_flags.split(), False)
        return self._send_content({"poll": poll}, chat, topic=topic)

    def send_contact(
        self, phone: str = "+4930123456", chat: "Group | None" = None, *, topic: int | None = None
    ) -> MessageView:
        """Send one's own phone number."""
        contact = {"phone_number": phone, "first_name": self.account.first_name, "user_id": self.id}
        return self._send_content({"contact": contact}, chat, topic=topic)

    def send_location(self, chat: "Group | None" = None, *, topic: int | None = None) -> MessageView:
        """Send a place on the map."""
        return self._send_content({"location": {"latitude": 52.52, "longitude": 13.405}}, chat, topic=topic)

    def _add_file(self, kind: str, content: bytes, filename: str = "", **details: Any) -> Json:
        with self.world.state_change():
            return self.world.files.add_file(kind, content, filename, **details).to_json()

    def _send_content(
        self,
        content: Json,
        chat: "Group | None",
        reply_to: MessageView | int | None = None,
        topic: int | None = None,
        album_id: str | None = None,
    ) -> MessageView:
        with self.world.state_change():
            target_chat = self._find_chat(chat)
            if target_chat.is_private:
                self._start_bot(target_chat)
            reply_target = (
                target_chat.messages[reply_to.id if isinstance(reply_to, MessageView) else reply_to]
                if reply_to
                else None
            )
            message = self.world.post_message(
                target_chat, self.account, content, reply_to=reply_target, thread_id=topic, media_group_id=album_id
            )
            self._notify_bot("message", message)
            self._last_actions[target_chat.id] = message.touched
            return message.to_view()

    def _start_bot(self, chat: Chat) -> None:
        """Writing to the bot starts it, and takes a block back, of which the bot is told."""
        if chat.bot_status == "kicked":
            self.world.set_bot_status(chat, self.account, "member")
        chat.bot_status = "member"

    def _notify_bot(self, kind: str, message: Message) -> None:
        if is_visible_to_bot(self.world, message):
            self.world.updates.put(kind, message.to_json())

    def _find_chat(self, group: "Group | None") -> Chat:
        chat = group.chat if group else self.world.chats[self.id]
        if group and self.id not in chat.members:
            raise LookupError(f"{self.account.first_name} is not a member of {chat.title}")
        return chat
