"""What /meinedaten sends: the data as JSON, and the page to read."""

import json
from typing import Any

from bot.sandbox.fake_telegram import FakeTelegram, User

Rows = list[dict[str, Any]]


async def my_data(fake_telegram: FakeTelegram, person: User) -> tuple[dict[str, Rows], str]:
    """Ask for everything held on a person; the tables of the JSON file, and the page."""
    whole, page = await my_files(fake_telegram, person)
    return whole["data"], page


async def my_files(fake_telegram: FakeTelegram, person: User) -> tuple[dict[str, Any], str]:
    """The JSON file as a whole, and the page."""
    asked = person.send_text("/meinedaten")

    def files_of() -> list[dict[str, Any]]:
        found = [
            seen.raw["document"] for seen in person.bot_messages() if seen.kind == "document" and seen.id > asked.id
        ]
        return found if len(found) == 2 else []

    page, data = await fake_telegram.wait_for(files_of)
    assert (page["file_name"], data["file_name"]) == ("meine-daten.html", "meine-daten.json")
    files = fake_telegram.world.files.by_id
    return json.loads(files[data["file_id"]].content), files[page["file_id"]].content.decode()
