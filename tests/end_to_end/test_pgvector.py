"""A running bot whose index is in PostgreSQL."""

from pathlib import Path

import pytest

from bot.sandbox.fake_telegram import User
from bot.settings import Settings
from index.backends.pg_publish import publish_version
from index.backends.pgvector import MAX_COMPARED_VECTORS, PgBackend
from index.encoder.encoder import OnnxEncoder
from index.search.live_index import LiveIndex
from index.storage.reader import current_folder
from tests.end_to_end.conftest import running
from tests.end_to_end.test_monitoring import get
from tests.end_to_end.test_webhook import free_port
from tests.support import postgres


async def test_server_stops_and_restarts(
    bot_settings: Settings, monkeypatch: pytest.MonkeyPatch, encoder: OnnxEncoder, light: Path, ada: User
) -> None:
    """While PostgreSQL is down people get an apology and /readyz a reason; afterwards questions are answered."""
    port = free_port()
    monkeypatch.setenv("PORT", str(port))
    with postgres.server() as server:
        backend = PgBackend(postgres.database(server), "main")
        publish_version(backend.database, "main", current_folder(light / "data" / "index"), MAX_COMPARED_VECTORS)
        async with running(Settings(), LiveIndex(backend, encoder)):
            ada.send_text("Was ist Collective Impact?")
            before = await ada.wait_for_reply()
            postgres.stop(server)
            ada.send_text("Was ist ein Backbone?")
            apology = await ada.wait_for_reply()
            not_ready = await get(port, "/readyz")
            postgres.start(server)
            ada.send_text("Was ist ein Backbone?")
            after = await ada.wait_for_reply()
            ready = await get(port, "/readyz")
        backend.close()

    assert "Aus der Fachliteratur:" in before.text
    assert "Backbone" not in apology.text
    assert (not_ready.status_code, not_ready.json()["index"]) == (503, "its server cannot be reached")
    assert "Backbone" in after.text
    assert ready.json()["index"] == "ok"
