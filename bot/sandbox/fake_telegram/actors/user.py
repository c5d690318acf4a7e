"""People who write to the bot, and groups: what a test plays on the other side of Telegram."""

import asyncio
import re
from dataclasses import replace
from typing import Any

from bot.sandbox.fake_telegram.actors.group import Group
from bot.sandbox.fake_telegram.actors.media import Media
from bot.sandbox.fake_telegram.rules import utf16
from bot.sandbox.fake_telegram.world import inline_query, objects
from bot.sandbox.fake_telegram.world.inline_query import InlineQuery
from bot.sandbox.fake_telegram.world.objects import Chat, Message, Seen
from bot.sandbox.fake_telegram.world.world import Query

Json = dict[str, Any]

PATIENCE = 5.0
PARAMETER = re.compile(r"[A-Za-z0-9_-]{1,64}")


class User(Media):
    """A person. Everything is done in the private chat with the bot unless a group is named."""

    def says(
        self,
        text: str,
        chat: Group | None = None,
        *,
        reply_to: Seen | int | None = None,
        topic: int | None = None,
    ) -> Seen:
        """Send a text; commands, mentions and links in it are marked as Telegram marks them."""
        return self._send(_text(text), chat, reply_to, topic)

    def replaces_photo(self, message: Seen | int, content: bytes, chat: Group | None = None) -> Seen:
        """Put another picture in the place of one of their own, without words under it."""
        photo = self._file("photo", content)
        with self.world.change():
            edited = self._chat(chat).messages[_id(message)]
            edited.content, edited.edit_date, edited.touched = {"photo": [photo]}, objects.now(), self.world.touch()
            self._tell_bot("edited_message", edited)
            return edited.seen()

    def edits_caption(self, message: Seen | int, text: str, chat: Group | None = None) -> Seen:
        """Change the text under one of their own photos or files."""
        with self.world.change():
            edited = self._chat(chat).messages[_id(message)]
            edited.content["caption"] = text
            edited.edit_date, edited.touched = objects.now(), self.world.touch()
            self._tell_bot("edited_message", edited)
            return edited.seen()

    def edits(self, message: Seen | int, text: str, chat: Group | None = None) -> Seen:
        """Change one of their own messages."""
        with self.world.change():
            edited = self._chat(chat).messages[_id(message)]
            edited.content, edited.edit_date, edited.touched = _text(text), objects.now(), self.world.touch()
            self._tell_bot("edited_message", edited)
            self._acted[edited.chat.id] = edited.touched
            return edited.seen()

    def taps(self, label: str, chat: Group | None = None) -> Query:
        """Tap the button with this text, or whose text begins so, on the newest message that has it."""
        with self.world.change():
            where = self._chat(chat)
            message, button = _find_button(where, label)
            return self._tapped(message, button["callback_data"])

    def forges(self, data: str, chat: Group | None = None) -> Query:
        """Send a tap with data that no button holds, on the newest message, even from outside of a group."""
        with self.world.change():
            where = chat.chat if chat else self._chat(None)
            return self._tapped(list(where.messages.values())[-1], data)

    def taps_old(self, data: str, chat: Group | None = None) -> Query:
        """Tap a button that is still to be seen on an old message, whatever has become of what it stands for."""
        with self.world.change():
            where = chat.chat if chat else self._chat(None)
            message = list(where.messages.values())[-1]
            button = {"text": data or "-", "callback_data": data}
            return self._tapped(replace(message, markup={"inline_keyboard": [[button]]}), data)

    def taps_on(self, message: Seen | int, data: str, chat: Group | None = None) -> Query:
        """Tap the button with this data on a message; LookupError where it has none."""
        with self.world.change():
            found = self._chat(chat).messages[_id(message)]
            buttons = [button for row in (found.markup or {}).get("inline_keyboard", []) for button in row]
            if data not in [button.get("callback_data") for button in buttons]:
                raise LookupError(f"no button with {data!r} under message {found.id}")
            return self._tapped(found, data)

    def _tapped(self, message: Message, data: str) -> Query:
        query = self.world.new_query(self.account)
        held: Json = {"inline_message_id": message.inline_id} if message.inline_id else {"message": message.to_json()}
        payload = {
            "id": query.id,
            "from": self.account.to_json(),
            "chat_instance": f"-{abs(message.chat.id)}",
            "data": data,
            **held,
        }
        self.world.updates.put("callback_query", payload)
        self._acted[message.chat.id] = self.world.touch()
        return query

    def opens_link(self, parameter: str) -> Seen:
        """Follow a deep link: the app sends the command with the link's parameter."""
        if not PARAMETER.fullmatch(parameter):
            raise ValueError("a deep link's parameter has 1 to 64 of A-Z a-z 0-9 _ -")
        return self.says(f"/start {parameter}")

    def asks_inline(self, query: str, chat: Group | None = None) -> InlineQuery:
        """Type something after the bot's name; the results are there once the bot has answered."""
        with self.world.change():
            asked = InlineQuery(str(self.world.number("query")), self.account, query)
            self.world.inline_queries[asked.id] = asked
            kind = self._chat(chat).type if chat else "sender"
            payload = {
                "id": asked.id,
                "from": self.account.to_json(),
                "query": query,
                "offset": "",
                "chat_type": kind,
            }
            self.world.updates.put("inline_query", payload)
            return asked

    def chooses(
        self, asked: InlineQuery, result_id: str, chat: Group | None = None, *, topic: int | None = None
    ) -> Seen:
        """Send one of the results, as a message of one's own by way of the bot."""
        with self.world.change():
            result = next(one for one in asked.results if one["id"] == result_id)
            where = self._chat(chat)
            content, markup = inline_query.to_content(result), result.get("reply_markup")
            sent = self.world.post(where, self.account, content, markup=markup, thread_id=topic)
            sent.via_bot = self.world.bot
            sent.inline_id = f"inline-{sent.touched}" if sent.markup else None
            chosen = {"result_id": result_id, "from": self.account.to_json(), "query": asked.query}
            chosen |= objects.compact(inline_message_id=sent.inline_id)
            self.world.updates.put("chosen_inline_result", chosen)
            self._tell_bot("message", sent)
            return sent.seen()

    def blocks_bot(self) -> None:
        """Block the bot; what it sends from now on is refused."""
        with self.world.change():
            self.world.set_bot_status(self._chat(None), self.account, "kicked")

    def unblocks_bot(self) -> None:
        """Take the block back."""
        with self.world.change():
            self.world.set_bot_status(self._chat(None), self.account, "member")

    def sees(self, chat: Group | None = None) -> list[Seen]:
        """The messages of the bot in the chat, oldest first, as they look now."""
        with self.world.condition:
            messages = self._chat(chat).messages.values()
            return [message.seen() for message in messages if message.sender is self.world.bot]

    def wait_reply_sync(
        self,
        after: Seen | Query | None = None,
        *,
        chat: Group | None = None,
        count: int = 1,
        timeout: float = PATIENCE,
    ) -> Seen:
        """Wait for the bot to send or edit something; the newest of `count` such messages is given back.

        Only what came after the given message counts, or after the last thing this person did in the chat.
        """
        since = after.touched if isinstance(after, Seen) else self._acted.get(self._chat(chat).id, 0)

        def replies() -> list[Seen]:
            new = sorted((m for m in self.sees(chat) if m.touched > since), key=lambda m: m.touched)
            return new if len(new) >= count else []

        return self.world.wait(replies, timeout)[-1]

    async def wait_reply(
        self,
        after: Seen | Query | None = None,
        *,
        chat: Group | None = None,
        count: int = 1,
        timeout: float = PATIENCE,  # noqa: ASYNC109 - the waiting is done by a condition in a thread
    ) -> Seen:
        """The same without holding up the event loop, which the bot may be running on."""
        return await asyncio.to_thread(self.wait_reply_sync, after, chat=chat, count=count, timeout=timeout)


def _id(message: Seen | int) -> int:
    return message.id if isinstance(message, Seen) else message


def _text(text: str) -> Json:
    entities = utf16.detected(text, [])
    return {"text": text} | ({"entities": entities} if entities else {})


def _find_button(chat: Chat, label: str) -> tuple[Message, Json]:
    there: list[str] = []
    for message in sorted(chat.messages.values(), key=lambda message: -message.id):
        rows = (message.markup or {}).get("inline_keyboard", [])
        buttons = [button for row in rows for button in row]
        there += [button["text"] for button in buttons]
        exact = [button for button in buttons if button["text"] == label]
        fitting = exact or [button for button in buttons if button["text"].startswith(label)]
        if len(fitting) > 1:
            raise LookupError(f"several buttons begin with {label!r}: {[button['text'] for button in fitting]}")
        if fitting and "callback_data" not in fitting[0]:
            raise LookupError(f"the button {label!r} sends nothing to the bot: {fitting[0]}")
        if fitting:
            return message, fitting[0]
    raise LookupError(f"no button {label!r} in the chat, there are: {there}")
