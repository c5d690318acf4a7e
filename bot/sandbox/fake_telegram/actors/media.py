"""What a person can send besides text, and how anything a person sends reaches the bot."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bot.sandbox.fake_telegram.rules import image_size, utf16
from bot.sandbox.fake_telegram.world import objects
from bot.sandbox.fake_telegram.world.objects import Account, Chat, Message, Seen
from bot.sandbox.fake_telegram.world.world import World

if TYPE_CHECKING:
    from bot.sandbox.fake_telegram.actors.group import Group

Json = dict[str, Any]

PICTURE = image_size.plain()


def reaches_bot(world: World, message: Message) -> bool:
    """Whether the bot gets a message: in groups privacy mode lets through only what is meant for it."""
    chat = message.chat
    if chat.bot_status in ("left", "kicked"):
        return False
    if chat.private or not world.privacy or chat.bot_status == "administrator":
        return True
    if message.reply_to and message.reply_to.sender is world.bot:
        return True
    text, entities = objects.written(message.content)
    return any(_addresses(world.bot, text, entity) for entity in entities)


def _addresses(bot: Account, text: str, entity: Json) -> bool:
    covered = utf16.cut(text, entity["offset"], entity["length"])
    _, at, name = covered.partition("@")
    ours = name.lower() == (bot.username or "").lower()
    return ours if entity["type"] == "mention" or at else entity["type"] == "bot_command"


def _under(caption: str) -> Json:
    found = utf16.detected(caption, [])
    return objects.compact(caption=caption or None, caption_entities=found or None)


class Media:
    """A person who sends things; `User` adds text, buttons and reading."""

    def __init__(self, world: World, account: Account) -> None:
        self.world = world
        self.account = account
        self.id = account.id
        self._acted: dict[int, int] = {}

    def sends_photo(
        self,
        caption: str = "",
        chat: "Group | None" = None,
        *,
        topic: int | None = None,
        content: bytes = PICTURE,
    ) -> Seen:
        """Send a picture."""
        photo = self._file("photo", content)
        return self._send({"photo": [photo], **_under(caption)}, chat, topic=topic)

    def sends_album(
        self, captions: Sequence[str], chat: "Group | None" = None, *, topic: int | None = None
    ) -> list[Seen]:
        """Send a picture for each of the captions as one album; the bot gets each in an update of its own."""
        with self.world.change():
            group = str(self.world.number("album"))
            return [
                self._send(
                    {"photo": [self._file("photo", PICTURE)], **_under(caption)}, chat, topic=topic, album=group
                )
                for caption in captions
            ]

    def sends_voice(
        self, chat: "Group | None" = None, *, topic: int | None = None, content: bytes = b"OggS", seconds: int = 3
    ) -> Seen:
        """Send a voice message."""
        return self._send({"voice": self._file("voice", content, duration=seconds)}, chat, topic=topic)

    def sends_sticker(self, chat: "Group | None" = None, *, topic: int | None = None) -> Seen:
        """Send a sticker."""
        return self._send({"sticker": self._file("sticker", PICTURE)}, chat, topic=topic)

    def sends_document(
        self,
        name: str = "paper.pdf",
        chat: "Group | None" = None,
        *,
        topic: int | None = None,
        content: bytes = b"%PDF-1.4",
        caption: str = "",
    ) -> Seen:
        """Send a file."""
        document = self._file("document", content, name)
        return self._send({"document": document, **_under(caption)}, chat, topic=topic)

    def sends_poll(self, question: str = "When?", chat: "Group | None" = None, *, topic: int | None = None) -> Seen:
        """Send a poll with two answers."""
        options = [{"persistent_id": str(n), "text": text, "voter_count": 0} for n, text in enumerate("AB", 1)]
        poll = {
            "id": str(self.world.touch()),
            "question": question,
            "options": options,
            "total_voter_count": 0,
            "type": "regular",
        }
        no = "is_closed allows_multiple_answers allows_revoting members_only"
        poll |= {"is_anonymous": True} | dict.fromkeys(no.split(), False)
        return self._send({"poll": poll}, chat, topic=topic)

    def sends_contact(
        self, phone: str = "+4930123456", chat: "Group | None" = None, *, topic: int | None = None
    ) -> Seen:
        """Send one's own phone number."""
        contact = {"phone_number": phone, "first_name": self.account.first_name, "user_id": self.id}
        return self._send({"contact": contact}, chat, topic=topic)

    def sends_location(self, chat: "Group | None" = None, *, topic: int | None = None) -> Seen:
        """Send a place on the map."""
        return self._send({"location": {"latitude": 52.52, "longitude": 13.405}}, chat, topic=topic)

    def _file(self, kind: str, content: bytes, name: str = "", **details: Any) -> Json:
        with self.world.change():
            return self.world.files.add(kind, content, name, **details).to_json()

    def _send(
        self,
        content: Json,
        chat: "Group | None",
        reply_to: Seen | int | None = None,
        topic: int | None = None,
        album: str | None = None,
    ) -> Seen:
        with self.world.change():
            where = self._chat(chat)
            if where.private:
                self._opens(where)
            replied = where.messages[reply_to.id if isinstance(reply_to, Seen) else reply_to] if reply_to else None
            message = self.world.post(
                where, self.account, content, reply_to=replied, thread_id=topic, media_group_id=album
            )
            self._tell_bot("message", message)
            self._acted[where.id] = message.touched
            return message.seen()

    def _opens(self, chat: Chat) -> None:
        """Writing to the bot starts it, and takes a block back, of which the bot is told."""
        if chat.bot_status == "kicked":
            self.world.set_bot_status(chat, self.account, "member")
        chat.bot_status = "member"

    def _tell_bot(self, kind: str, message: Message) -> None:
        if reaches_bot(self.world, message):
            self.world.updates.put(kind, message.to_json())

    def _chat(self, group: "Group | None") -> Chat:
        chat = group.chat if group else self.world.chats[self.id]
        if group and self.id not in chat.members:
            raise LookupError(f"{self.account.first_name} is not a member of {chat.title}")
        return chat
