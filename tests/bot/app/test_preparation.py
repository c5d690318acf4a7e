"""What a start prepares: encoder and index, if they are missing or, in the sandbox, outdated."""

import json
import shutil
import threading
from functools import partial
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.app.preparation import Say, ensure_prepared
from bot.errors import GwError
from bot.settings import Settings
from index.encoder.encoder import OnnxEncoder
from index.encoder.model_card import CARD_FILE
from index.storage.reader import current_folder, open_index
from tests.support.paths import PREPARED

TOKEN = SecretStr("1:token")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with two short texts as knowledge and a data folder that does not exist yet."""
    knowledge = tmp_path / "knowledge"
    knowledge.mkdir()
    (knowledge / "garten.md").write_text("# Garten\n\nDer Garten öffnet um neun Uhr.", encoding="utf-8")
    (knowledge / "hund.md").write_text("# Hunde\n\nHunde bleiben an der Leine.", encoding="utf-8")
    return Settings(data_dir=tmp_path / "new" / "data", knowledge_dir=knowledge, _env_file=None)


def place_encoder(folder: Path, say: Say) -> None:
    """Prepare an encoder by placing the one of `make setup`."""
    say("placing")
    if folder.exists():
        shutil.rmtree(folder)
    folder.symlink_to((PREPARED / "encoder").resolve())


def place_outdated_encoder(settings: Settings, name: str = "intfloat/multilingual-e5-small") -> str:
    """Leave an encoder in a format that this program does not read, and return its card."""
    settings.encoder_dir.mkdir(parents=True)
    card = json.dumps({"name": name, "format": 0})
    (settings.encoder_dir / CARD_FILE).write_text(card, encoding="utf-8")
    return card


def prepared(settings: Settings, *, sandbox: bool) -> list[str]:
    """Prepare, and return what was said meanwhile."""
    said: list[str] = []
    ensure_prepared(settings, said.append, sandbox=sandbox, prepare_encoder=place_encoder)
    return said


@pytest.mark.parametrize(("sandbox", "token"), [(True, None), (False, TOKEN)])
def test_what_is_missing_is_prepared_once(
    settings: Settings, encoder: OnnxEncoder, sandbox: bool, token: SecretStr | None
) -> None:
    """In an empty folder encoder and index are made, with a line for each step; the next start finds them."""
    settings = settings.model_copy(update={"telegram_token": token})

    first = prepared(settings, sandbox=sandbox)
    second = prepared(settings, sandbox=sandbox)

    assert first == [
        "placing",
        f"Building the index of {settings.knowledge_dir} (once, a few minutes) …",
        "Building the index: 6 of 6 texts",
        "The index is ready.",
    ]
    assert second == []
    assert len(open_index(settings.index_dir, encoder).entries) == 2


def test_an_index_of_others_is_not_built(settings: Settings) -> None:
    """For tenants alone, and if the index is in PostgreSQL, a start prepares the encoder only."""
    for setting in ({}, {"telegram_token": TOKEN, "index_url": SecretStr("postgresql://localhost/gw")}):
        other = settings.model_copy(update={**setting, "data_dir": settings.data_dir / str(len(setting))})

        assert prepared(other, sandbox=False) == ["placing"]
        assert not other.index_dir.exists()


def test_the_sandbox_replaces_what_another_version_made(settings: Settings, encoder: OnnxEncoder) -> None:
    """An encoder in another format and an index of another encoder are replaced; the log says so."""
    prepared(settings, sandbox=True)
    manifest = current_folder(settings.index_dir) / "manifest.json"
    manifest.write_text(manifest.read_text("utf-8").replace(encoder.digest, "0" * 64), "utf-8")
    settings.encoder_dir.unlink()
    place_outdated_encoder(settings)

    said = prepared(settings, sandbox=True)

    assert said[0] == "placing"
    assert said[-1] == "The index is ready."
    assert open_index(settings.index_dir, encoder).manifest.encoder_digest == encoder.digest


def test_a_bot_on_telegram_replaces_nothing(settings: Settings) -> None:
    """With a token, an encoder and an index of another version stay as they are: opening them is a clear error."""
    settings = settings.model_copy(update={"telegram_token": TOKEN})
    prepared(settings, sandbox=False)
    (current_folder(settings.index_dir) / "manifest.json").write_text("{}", "utf-8")
    settings.encoder_dir.unlink()
    card = place_outdated_encoder(settings)

    assert prepared(settings, sandbox=False) == []
    assert (settings.encoder_dir / CARD_FILE).read_text("utf-8") == card


@pytest.mark.parametrize("damaged", [False, True])
def test_a_chosen_encoder_is_never_replaced(settings: Settings, damaged: bool) -> None:
    """An encoder of another model, or one whose description cannot be read, stays even if it cannot be used."""
    place_outdated_encoder(settings, "example/large")
    if damaged:
        (settings.encoder_dir / CARD_FILE).write_text("{", encoding="utf-8")
    (settings.index_dir / "current").mkdir(parents=True)

    assert prepared(settings, sandbox=True) == []


def test_a_folder_that_cannot_be_written(settings: Settings) -> None:
    """If the data folder cannot be made, the error says so and what to do."""
    settings.data_dir.parent.write_text("a file", encoding="utf-8")

    with pytest.raises(GwError, match=r"cannot be prepared there \(.+\)\. Set GW_DATA_DIR .* gwbot model prepare"):
        prepared(settings, sandbox=True)


def test_two_starts_at_once(settings: Settings) -> None:
    """The second start says that it waits, and then finds everything there."""
    waits, said = threading.Event(), list[str]()

    def second_says(text: str) -> None:
        said.append(text)
        waits.set()

    second = threading.Thread(
        target=partial(ensure_prepared, settings, second_says, sandbox=True, prepare_encoder=place_encoder)
    )

    def prepare_while_another_starts(folder: Path, say: Say) -> None:
        second.start()
        assert waits.wait(60)
        place_encoder(folder, say)

    ensure_prepared(settings, print, sandbox=True, prepare_encoder=prepare_while_another_starts)
    second.join(60)

    assert said == ["Waiting: another process prepares encoder or index …"]


def test_remains_are_removed(settings: Settings) -> None:
    """What a killed start left of an encoder is removed by the next one."""
    remains = settings.data_dir / ".encoder-x1"
    remains.mkdir(parents=True)

    prepared(settings, sandbox=True)

    assert sorted(path.name for path in settings.data_dir.iterdir()) == ["encoder", "index"]
