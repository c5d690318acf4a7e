"""A person who writes to the bot: sends and edits messages, taps buttons, reads and waits for replies."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bot.sandbox.fake_telegram.actors.group import Group
from bot.sandbox.fake_telegram.rules.entities import detect_entities, slice_units
from bot.sandbox.fake_telegram.rules.images import plain_png
from bot.sandbox.fake_telegram.rules.schema import Json
from bot.sandbox.fake_telegram.world import objects, queries
from bot.sandbox.fake_telegram.world.objects import Account, Chat, Message, MessageView
from bot.sandbox.fake_telegram.world.queries import CallbackQuery, InlineQuery
from bot.sandbox.fake_telegram.world.world import World

DEFAULT_PHOTO = plain_png()
WAIT_TIMEOUT = 5.0  # seconds
DEEP_LINK_PARAMETER = re.compile(r"[A-Za-z0-9_-]{1,64}")


class User:
    """A person. Everything happens in the private chat with the bot unless ``chat`` names a group.

    In a group of which the person is no member, all methods but `tap_stale_button` and `forge_tap` raise LookupError.
    """

    def __init__(self, world: World, account: Account) -> None:
        self.world = world
        self.account = account
        self.id = account.id
        self._last_actions: dict[int, int] = {}

    def send_text(
        self,
        text: str,
        chat: Group | None = None,
        *,
        reply_to: MessageView | int | None = None,
        topic: int | None = None,
    ) -> MessageView:
        """Send a text; commands, mentions and links become entities as in Telegram."""
        return self._send_content(_text_content("text", text), chat, reply_to, topic)

    def send_photo(
        self,
        caption: str = "",
        chat: Group | None = None,
        *,
        topic: int | None = None,
        content: bytes = DEFAULT_PHOTO,
    ) -> MessageView:
        """Send a photo."""
        return self._send_content(self._photo_content(content, caption), chat, topic=topic)

    def send_album(
        self, captions: Sequence[str], chat: Group | None = None, *, topic: int | None = None
    ) -> list[MessageView]:
        """Send an album with a photo for each caption; the bot receives an update for each."""
        with self.world.state_change():
            album_id = str(self.world.next_number("album"))
            contents = [self._photo_content(DEFAULT_PHOTO, caption) for caption in captions]
            return [self._send_content(content, chat, topic=topic, album_id=album_id) for content in contents]

    def send_voice(
        self, chat: Group | None = None, *, topic: int | None = None, content: bytes = b"OggS", seconds: int = 3
    ) -> MessageView:
        """Send a voice message."""
        return self._send_content({"voice": self._add_file("voice", content, duration=seconds)}, chat, topic=topic)

    def send_sticker(self, chat: Group | None = None, *, topic: int | None = None) -> MessageView:
        """Send a sticker."""
        return self._send_content({"sticker": self._add_file("sticker", DEFAULT_PHOTO)}, chat, topic=topic)

    def send_document(
        self,
        filename: str = "paper.pdf",
        chat: Group | None = None,
        *,
        topic: int | None = None,
        content: bytes = b"%PDF-1.4",
        caption: str = "",
    ) -> MessageView:
        """Send a file."""
        document = self._add_file("document", content, filename)
        return self._send_content({"document": document, **_text_content("caption", caption)}, chat, topic=topic)

    def send_poll(
        self, question: str = "When?", chat: Group | None = None, *, topic: int | None = None
    ) -> MessageView:
        """Send a poll with two options."""
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
        self, phone: str = "+4930123456", chat: Group | None = None, *, topic: int | None = None
    ) -> MessageView:
        """Send one's own phone number."""
        contact = {"phone_number": phone, "first_name": self.account.first_name, "user_id": self.id}
        return self._send_content({"contact": contact}, chat, topic=topic)

    def send_location(self, chat: Group | None = None, *, topic: int | None = None) -> MessageView:
        """Send a location."""
        return self._send_content({"location": {"latitude": 52.52, "longitude": 13.405}}, chat, topic=topic)

    def open_deep_link(self, parameter: str) -> MessageView:
        """Follow a deep link: the app sends /start with its parameter; raises ValueError for an invalid one."""
        if not DEEP_LINK_PARAMETER.fullmatch(parameter):
            raise ValueError("the parameter of a deep link must be 1 to 64 characters of A-Z a-z 0-9 _ -")
        return self.send_text(f"/start {parameter}")

    def edit_text(self, message: MessageView | int, text: str, chat: Group | None = None) -> MessageView:
        """Change the text of one's own message."""
        return self._edit_content(message, _text_content("text", text), chat)

    def edit_caption(self, message: MessageView | int, text: str, chat: Group | None = None) -> MessageView:
        """Change the caption of one's own photo or file."""
        return self._edit_content(message, {"caption": text}, chat, keep_media=True)

    def replace_photo(self, message: MessageView | int, content: bytes, chat: Group | None = None) -> MessageView:
        """Replace one's own photo by another one without a caption."""
        return self._edit_content(message, self._photo_content(content), chat)

    def tap_button(self, label: str, chat: Group | None = None) -> CallbackQuery:
        """Tap the button whose label is or begins with ``label`` on the newest message that has one.

        Raises LookupError if there is none, if several match, or if the button sends nothing to the bot.
        """
        with self.world.state_change():
            message, button = _find_button(self._find_chat(chat), label)
            return self._send_tap(message, button["callback_data"])

    def tap_message_button(self, message: MessageView | int, data: str, chat: Group | None = None) -> CallbackQuery:
        """Tap the button with this data on a message; raises LookupError if it has none."""
        with self.world.state_change():
            target = self._find_chat(chat).messages[_message_id(message)]
            if data not in [button.get("callback_data") for button in _inline_buttons(target)]:
                raise LookupError(f"no button with {data!r} under message {target.id}")
            return self._send_tap(target, data)

    def forge_tap(self, data: str, chat: Group | None = None) -> CallbackQuery:
        """Tap the newest message with data that none of its buttons holds, in a group even as a non-member."""
        with self.world.state_change():
            return self._send_tap(self._newest_message(chat), data)

    def tap_stale_button(self, data: str, chat: Group | None = None) -> CallbackQuery:
        """Tap the newest message as if it still had a button with this data, in a group even as a non-member."""
        with self.world.state_change():
            button = {"text": data or "-", "callback_data": data}
            message = replace(self._newest_message(chat), markup={"inline_keyboard": [[button]]})
            return self._send_tap(message, data)

    def send_inline_query(self, query: str, chat: Group | None = None) -> InlineQuery:
        """Type a text after the bot's name; its ``results`` are there once the bot has answered."""
        with self.world.state_change():
            sent_query = InlineQuery(str(self.world.next_number("query")), self.account, query=query)
            self.world.inline_queries[sent_query.id] = sent_query
            payload = {
                "id": sent_query.id,
                "from": self.account.to_json(),
                "query": query,
                "offset": "",
                "chat_type": self._find_chat(chat).type if chat else "sender",
            }
            self.world.updates.put("inline_query", payload)
            return sent_query

    def choose_result(
        self, sent_query: InlineQuery, result_id: str, chat: Group | None = None, *, topic: int | None = None
    ) -> MessageView:
        """Send one of the results of an inline query, as one's own message via the bot."""
        with self.world.state_change():
            result = next(offered for offered in sent_query.results if offered["id"] == result_id)
            target_chat = self._find_chat(chat)
            content, markup = queries.content_from_result(result), result.get("reply_markup")
            sent = self.world.post_message(target_chat, self.account, content, markup=markup, thread_id=topic)
            sent.via_bot = self.world.bot
            sent.inline_id = f"inline-{sent.touched}" if sent.markup else None
            chosen_result = {"result_id": result_id, "from": self.account.to_json(), "query": sent_query.query}
            chosen_result |= objects.omit_none(inline_message_id=sent.inline_id)
            self.world.updates.put("chosen_inline_result", chosen_result)
            self._notify_bot("message", sent)
            return sent.to_view()

    def block_bot(self) -> None:
        """Block the bot; whatever it sends from now on is refused."""
        with self.world.state_change():
            self.world.set_bot_status(self._find_chat(None), self.account, "kicked")

    def unblock_bot(self) -> None:
        """Unblock the bot."""
        with self.world.state_change():
            self.world.set_bot_status(self._find_chat(None), self.account, "member")

    def bot_messages(self, chat: Group | None = None) -> list[MessageView]:
        """Return the bot's messages in the chat as they look now, oldest first."""
        with self.world.condition:
            messages = self._find_chat(chat).messages.values()
            return [message.to_view() for message in messages if message.sender is self.world.bot]

    def wait_for_reply_sync(
        self,
        after: MessageView | CallbackQuery | None = None,
        *,
        chat: Group | None = None,
        count: int = 1,
        timeout: float = WAIT_TIMEOUT,
    ) -> MessageView:
        """Wait until the bot has sent or edited ``count`` messages and return the newest; raises TimeoutError.

        Only messages after the given one count, or after this person's last action in the chat.
        """
        target_chat = self._find_chat(chat)
        since = after.touched if isinstance(after, MessageView) else self._last_actions.get(target_chat.id, 0)

        def newest_reply() -> MessageView | None:
            """Evaluated at every change of the world: only the message that is returned is made a view."""
            messages = target_chat.messages.values()
            newer = [m for m in messages if m.touched > since and m.sender is self.world.bot]
            return max(newer, key=lambda m: m.touched).to_view() if len(newer) >= count else None

        reply = self.world.wait_for(newest_reply, timeout)
        assert reply is not None
        return reply

    async def wait_for_reply(
        self,
        after: MessageView | CallbackQuery | None = None,
        *,
        chat: Group | None = None,
        count: int = 1,
        timeout: float = WAIT_TIMEOUT,  # noqa: ASYNC109 - the waiting is done by a condition in a thread
    ) -> MessageView:
        """Do the same without blocking the event loop, which the bot may be running in."""
        return await asyncio.to_thread(self.wait_for_reply_sync, after, chat=chat, count=count, timeout=timeout)

    def _add_file(self, kind: str, content: bytes, filename: str = "", **details: Any) -> Json:
        with self.world.state_change():
            return self.world.files.add_file(kind, content, filename, **details).to_json()

    def _photo_content(self, content: bytes, caption: str = "") -> Json:
        return {"photo": [self._add_file("photo", content)], **_text_content("caption", caption)}

    def _send_content(
        self,
        content: Json,
        chat: Group | None,
        reply_to: MessageView | int | None = None,
        topic: int | None = None,
        album_id: str | None = None,
    ) -> MessageView:
        with self.world.state_change():
            target_chat = self._find_chat(chat)
            if target_chat.is_private:
                self._start_bot(target_chat)
            reply_target = target_chat.messages[_message_id(reply_to)] if reply_to else None
            message = self.world.post_message(
                target_chat, self.account, content, reply_to=reply_target, thread_id=topic, media_group_id=album_id
            )
            return self._finish_action("message", message)

    def _edit_content(
        self, message: MessageView | int, content: Json, chat: Group | None, *, keep_media: bool = False
    ) -> MessageView:
        with self.world.state_change():
            edited = self._find_chat(chat).messages[_message_id(message)]
            self.world.edit_message(edited, edited.content | content if keep_media else content)
            return self._finish_action("edited_message", edited)

    def _finish_action(self, kind: str, message: Message) -> MessageView:
        self._notify_bot(kind, message)
        self._last_actions[message.chat.id] = message.touched
        return message.to_view()

    def _send_tap(self, message: Message, data: str) -> CallbackQuery:
        query = CallbackQuery(str(self.world.next_number("query")), self.account)
        self.world.queries[query.id] = query
        source: Json = (
            {"inline_message_id": message.inline_id} if message.inline_id else {"message": message.to_json()}
        )
        payload = {
            "id": query.id,
            "from": self.account.to_json(),
            "chat_instance": f"-{abs(message.chat.id)}",
            "data": data,
            **source,
        }
        self.world.updates.put("callback_query", payload)
        self._last_actions[message.chat.id] = self.world.next_change_number()
        return query

    def _start_bot(self, chat: Chat) -> None:
        """Start the bot by writing to it; unblocks it if it was blocked."""
        if chat.bot_status == "kicked":
            self.world.set_bot_status(chat, self.account, "member")
        chat.bot_status = "member"

    def _notify_bot(self, kind: str, message: Message) -> None:
        if _is_visible_to_bot(self.world.bot, message):
            self.world.updates.put(kind, message.to_json())

    def _find_chat(self, group: Group | None) -> Chat:
        chat = group.chat if group else self.world.chats[self.id]
        if group and self.id not in chat.members:
            raise LookupError(f"{self.account.first_name} is not a member of {chat.title}")
        return chat

    def _newest_message(self, group: Group | None) -> Message:
        chat = group.chat if group else self._find_chat(None)
        return list(chat.messages.values())[-1]


def _is_visible_to_bot(bot: Account, message: Message) -> bool:
    """Return whether the bot receives a message: in groups privacy mode hides what is not addressed to it."""
    chat = message.chat
    if chat.bot_status in ("left", "kicked"):
        return False
    if chat.is_private or chat.bot_is_admin or (message.reply_to and message.reply_to.sender is bot):
        return True
    text, entities = objects.text_and_entities(message.content)
    return any(_addresses_bot(bot, text, entity) for entity in entities)


def _addresses_bot(bot: Account, text: str, entity: Json) -> bool:
    covered_text = slice_units(text, entity["offset"], entity["length"])
    _, separator, name = covered_text.partition("@")
    is_own_name = name.lower() == (bot.username or "").lower()
    return is_own_name if entity["type"] == "mention" or separator else entity["type"] == "bot_command"


def _text_content(field: str, text: str) -> Json:
    """Return the fields of a "text" or a "caption"; an empty one has none."""
    prefix = "caption_" if field == "caption" else ""
    return objects.omit_none(**{field: text or None, f"{prefix}entities": detect_entities(text, []) or None})


def _message_id(message: MessageView | int) -> int:
    return message.id if isinstance(message, MessageView) else message


def _inline_buttons(message: Message) -> list[Json]:
    return [button for row in (message.markup or {}).get("inline_keyboard", []) for button in row]


def _find_button(chat: Chat, label: str) -> tuple[Message, Json]:
    all_labels: list[str] = []
    for message in sorted(chat.messages.values(), key=lambda message: -message.id):
        buttons = _inline_buttons(message)
        all_labels += [button["text"] for button in buttons]
        exact = [button for button in buttons if button["text"] == label]
        matches = exact or [button for button in buttons if button["text"].startswith(label)]
        if len(matches) > 1:
            raise LookupError(f"several buttons begin with {label!r}: {[button['text'] for button in matches]}")
        if matches and "callback_data" not in matches[0]:
            raise LookupError(f"the button {label!r} sends nothing to the bot: {matches[0]}")
        if matches:
            return message, matches[0]
    raise LookupError(f"no button {label!r} in the chat, there are: {all_labels}")
