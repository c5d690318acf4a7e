"""Helpers that read what /meinedaten sends: a JSON file, and a page for people to read."""

import json
from typing import Any

from bot.sandbox.fake_telegram import FakeTelegram, User

Rows = list[dict[str, Any]]


async def my_data(fake_telegram: FakeTelegram, person: User) -> tuple[dict[str, Rows], str]:
    """Request a person's data; return the tables of the JSON file, and the page."""
    export, page = await my_files(fake_telegram, person)
    return export["data"], page


async def my_files(fake_telegram: FakeTelegram, person: User) -> tuple[dict[str, Any], str]:
    """Request a person's data; return the whole JSON file, and the page."""
    command = person.send_text("/meinedaten")

    def sent_documents() -> list[dict[str, Any]]:
        documents = [
            message.raw["document"]
            for message in person.bot_messages()
            if message.kind == "document" and message.id > command.id
        ]
        return documents if len(documents) == 2 else []

    page, data = await fake_telegram.wait_for(sent_documents)
    assert (page["file_name"], data["file_name"]) == ("meine-daten.html", "meine-daten.json")
    files = fake_telegram.world.files.by_id
    return json.loads(files[data["file_id"]].content), files[page["file_id"]].content.decode()
