"""People who write to the bot, and groups: what a test plays on the other side of Telegram."""

import asyncio
import re
from dataclasses import replace
from typing import Any

from bot.sandbox.fake_telegram.actors.group import Group
from bot.sandbox.fake_telegram.actors.media import MediaSender
from bot.sandbox.fake_telegram.rules import utf16
from bot.sandbox.fake_telegram.world import inline_query, objects
from bot.sandbox.fake_telegram.world.inline_query import InlineQuery
from bot.sandbox.fake_telegram.world.objects import Chat, Message, MessageView
from bot.sandbox.fake_telegram.world.world import CallbackQuery

Json = dict[str, Any]

WAIT_TIMEOUT = 5.0
DEEP_LINK_PARAMETER = re.compile(r"[A-Za-z0-9_-]{1,64}")


class User(MediaSender):
    """A person. Everything is done in the private chat with the bot unless a group is named."""

    def send_text(
        self,
        text: str,
        chat: Group | None = None,
        *,
        reply_to: MessageView | int | None = None,
        topic: int | None = None,
    ) -> MessageView:
        """Send a text; commands, mentions and links in it are marked as Telegram marks them."""
        return self._send_content(_text_content(text), chat, reply_to, topic)

    def replace_photo(self, message: MessageView | int, content: bytes, chat: Group | None = None) -> MessageView:
        """Put another picture in the place of one of their own, without words under it."""
        photo = self._add_file("photo", content)
        with self.world.state_change():
            edited = self._find_chat(chat).messages[_message_id(message)]
            edited.content, edited.edit_date, edited.touched = (
                {"photo": [photo]},
                objects.unix_now(),
                self.world.next_change_number(),
            )
            self._notify_bot("edited_message", edited)
            return edited.to_view()

    def edit_caption(self, message: MessageView | int, text: str, chat: Group | None = None) -> MessageView:
        """Change the text under one of their own photos or files."""
        with self.world.state_change():
            edited = self._find_chat(chat).messages[_message_id(message)]
            edited.content["caption"] = text
            edited.edit_date, edited.touched = objects.unix_now(), self.world.next_change_number()
            self._notify_bot("edited_message", edited)
            return edited.to_view()

    def edit_text(self, message: MessageView | int, text: str, chat: Group | None = None) -> MessageView:
        """Change one of their own messages."""
        with self.world.state_change():
            edited = self._find_chat(chat).messages[_message_id(message)]
            edited.content, edited.edit_date, edited.touched = (
                _text_content(text),
                objects.unix_now(),
                self.world.next_change_number(),
            )
            self._notify_bot("edited_message", edited)
            self._last_actions[edited.chat.id] = edited.touched
            return edited.to_view()

    def tap_button(self, label: str, chat: Group | None = None) -> CallbackQuery:
        """Tap the button with this text, or whose text begins so, on the newest message that has it."""
        with self.world.state_change():
            target_chat = self._find_chat(chat)
            message, button = _find_button(target_chat, label)
            return self._send_tap(message, button["callback_data"])

    def forge_tap(self, data: str, chat: Group | None = None) -> CallbackQuery:
        """Send a tap with data that no button holds, on the newest message, even from outside of a group."""
        with self.world.state_change():
            target_chat = chat.chat if chat else self._find_chat(None)
            return self._send_tap(list(target_chat.messages.values())[-1], data)

    def tap_stale_button(self, data: str, chat: Group | None = None) -> CallbackQuery:
        """Tap a button that is still to be seen on an old message, whatever has become of what it stands for."""
        with self.world.state_change():
            target_chat = chat.chat if chat else self._find_chat(None)
            message = list(target_chat.messages.values())[-1]
            button = {"text": data or "-", "callback_data": data}
            return self._send_tap(replace(message, markup={"inline_keyboard": [[button]]}), data)

    def tap_message_button(self, message: MessageView | int, data: str, chat: Group | None = None) -> CallbackQuery:
        """Tap the button with this data on a message; LookupError where it has none."""
        with self.world.state_change():
            target = self._find_chat(chat).messages[_message_id(message)]
            buttons = [button for row in (target.markup or {}).get("inline_keyboard", []) for button in row]
            if data not in [button.get("callback_data") for button in buttons]:
                raise LookupError(f"no button with {data!r} under message {target.id}")
            return self._send_tap(target, data)

    def _send_tap(self, message: Message, data: str) -> CallbackQuery:
        query = self.world.add_callback_query(self.account)
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

    def open_deep_link(self, parameter: str) -> MessageView:
        """Follow a deep link: the app sends the command with the link's parameter."""
        if not DEEP_LINK_PARAMETER.fullmatch(parameter):
            raise ValueError("a deep link's parameter has 1 to 64 of A-Z a-z 0-9 _ -")
        return self.send_text(f"/start {parameter}")

    def send_inline_query(self, query: str, chat: Group | None = None) -> InlineQuery:
        """Type something after the bot's name; the results are there once the bot has answered."""
        with self.world.state_change():
            sent_query = InlineQuery(str(self.world.next_number("query")), self.account, query)
            self.world.inline_queries[sent_query.id] = sent_query
            chat_type = self._find_chat(chat).type if chat else "sender"
            payload = {
                "id": sent_query.id,
                "from": self.account.to_json(),
                "query": query,
                "offset": "",
                "chat_type": chat_type,
            }
            self.world.updates.put("inline_query", payload)
            return sent_query

    def choose_result(
        self, sent_query: InlineQuery, result_id: str, chat: Group | None = None, *, topic: int | None = None
    ) -> MessageView:
        """Send one of the results, as a message of one's own by way of the bot."""
        with self.world.state_change():
            result = next(offered for offered in sent_query.results if offered["id"] == result_id)
            target_chat = self._find_chat(chat)
            content, markup = inline_query.content_from_result(result), result.get("reply_markup")
            sent = self.world.post_message(target_chat, self.account, content, markup=markup, thread_id=topic)
            sent.via_bot = self.world.bot
            sent.inline_id = f"inline-{sent.touched}" if sent.markup else None
            chosen_result = {"result_id": result_id, "from": self.account.to_json(), "query": sent_query.query}
            chosen_result |= objects.omit_none(inline_message_id=sent.inline_id)
            self.world.updates.put("chosen_inline_result", chosen_result)
            self._notify_bot("message", sent)
            return sent.to_view()

    def block_bot(self) -> None:
        """Block the bot; what it sends from now on is refused."""
        with self.world.state_change():
            self.world.set_bot_status(self._find_chat(None), self.account, "kicked")

    def unblock_bot(self) -> None:
        """Take the block back."""
        with self.world.state_change():
            self.world.set_bot_status(self._find_chat(None), self.account, "member")

    def bot_messages(self, chat: Group | None = None) -> list[MessageView]:
        """The messages of the bot in the chat, oldest first, as they look now."""
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
        """Wait for the bot to send or edit something; the newest of `count` such messages is given back.

        Only what came after the given message counts, or after the last thing this person did in the chat.
        """
        since = (
            after.touched if isinstance(after, MessageView) else self._last_actions.get(self._find_chat(chat).id, 0)
        )

        def newer_replies() -> list[MessageView]:
            newer = sorted((m for m in self.bot_messages(chat) if m.touched > since), key=lambda m: m.touched)
            return newer if len(newer) >= count else []

        return self.world.wait_for(newer_replies, timeout)[-1]

    async def wait_for_reply(
        self,
        after: MessageView | CallbackQuery | None = None,
        *,
        chat: Group | None = None,
        count: int = 1,
        timeout: float = WAIT_TIMEOUT,  # noqa: ASYNC109 - the waiting is done by a condition in a thread
    ) -> MessageView:
        """The same without holding up the event loop, which the bot may be running on."""
        return await asyncio.to_thread(self.wait_for_reply_sync, after, chat=chat, count=count, timeout=timeout)


def _message_id(message: MessageView | int) -> int:
    return message.id if isinstance(message, MessageView) else message


def _text_content(text: str) -> Json:
    entities = utf16.detect_entities(text, [])
    return {"text": text} | ({"entities": entities} if entities else {})


def _find_button(chat: Chat, label: str) -> tuple[Message, Json]:
    all_labels: list[str] = []
    for message in sorted(chat.messages.values(), key=lambda message: -message.id):
        rows = (message.markup or {}).get("inline_keyboard", [])
        buttons = [button for row in rows for button in row]
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
