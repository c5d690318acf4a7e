"""Reading settings: invalid ones are reported, and secrets stay secret."""

import re
from pathlib import Path

import pytest

from bot.domain.contact_details import to_ascii_address
from bot.errors import SettingsError
from bot.settings import Settings, describe_ineffective_settings, env_variable, find_unknown_variables, load_settings
from tests.support.paths import ROOT

pytestmark = pytest.mark.usefixtures("settings")  # which changes to an empty folder, so that no .env is read


def test_defaults(settings: Settings) -> None:
    """Without environment variables, all settings have their defaults."""
    assert settings.sqlite_path == Path("data/bot.db")
    assert settings.telegram_token is None
    assert settings.language == "de"


def test_env_file_is_read(tmp_path: Path) -> None:
    """A .env file in the current folder is read, and an empty value counts as unset."""
    (tmp_path / ".env").write_text("GW_ADVISER_IDS=4, 5\nGW_TELEGRAM_TOKEN=\nPORT=9000\n", encoding="utf-8")

    settings = load_settings()

    assert settings.adviser_ids == frozenset({4, 5})
    assert settings.telegram_token is None
    assert settings.port == 9000


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PORT", "http", "PORT: must be a whole number"),
        ("GW_TELEGRAM_TOKEN", "geheim", "GW_TELEGRAM_TOKEN: is not a token; a token looks like 123456:ABC-…"),
        ("GW_LANGUAGE", "fr", "GW_LANGUAGE: must be 'de' or 'en'"),
        ("GW_RETENTION_DAYS", "0", "GW_RETENTION_DAYS: "),
        ("GW_ADVISER_IDS", "anna", "GW_ADVISER_IDS: "),
        ("GW_DATABASE_URL", "mysql://x", "GW_DATABASE_URL: must begin with sqlite:///"),
        ("GW_TELEGRAM_API_URL", "telegram", "GW_TELEGRAM_API_URL: must begin with https://"),
        ("GW_WEBHOOK_URL", "https://bot.example", "GW_WEBHOOK_SECRET is required"),
        ("GW_WEBHOOK_SECRET", "nicht gut!", "GW_WEBHOOK_SECRET may contain only"),
    ],
)
def test_invalid_value_is_reported(monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str) -> None:
    """The error about an invalid value names the variable and the expected form."""
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as caught:
        load_settings()

    assert message in str(caught.value)


def test_env_file_that_is_no_text_is_reported(tmp_path: Path) -> None:
    """A .env file in another encoding is named in the error."""
    (tmp_path / ".env").write_bytes("GW_OPERATOR=Büro".encode("latin-1"))

    with pytest.raises(SettingsError, match=r"\.env is not UTF-8"):
        load_settings()
    assert describe_ineffective_settings() == []


def test_line_of_env_file_that_cannot_be_read_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A line of .env without effect is named by its number, never by what it holds, and the others count."""
    (tmp_path / ".env").write_text('GW_LANGUAGE=en\nGW_TELEGRAM_TOKEN="1:geheim\nfoo bar\n', encoding="utf-8")

    lines = [line.partition(" cannot")[0] for line in describe_ineffective_settings()]

    assert lines == [".env: line 2", ".env: line 3"]
    assert load_settings().language == "en"
    assert caplog.records == []


def test_misspelt_variables_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is not a setting is found with the nearest one, in .env without the prefix as well."""
    monkeypatch.setenv("GW_TELEGRM_TOKEN", "1:a")
    monkeypatch.setenv("GW_XYZ", "1")
    (tmp_path / ".env").write_text("GW_LANGUAGE=de\nTELEGRAM_TOKEN=1:a\nEDITOR=vi\n", encoding="utf-8")

    assert find_unknown_variables() == {
        "GW_TELEGRM_TOKEN": "GW_TELEGRAM_TOKEN",
        "GW_XYZ": "",
        "TELEGRAM_TOKEN": "GW_TELEGRAM_TOKEN",
    }


def test_secrets_are_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """The token is not shown in the settings' repr."""
    monkeypatch.setenv("GW_TELEGRAM_TOKEN", "12345:geheim")

    assert "geheim" not in repr(load_settings())


def test_example_and_docs_name_every_variable() -> None:
    """.env.example, docs/reference.md and docs/einstellungen.md list exactly the variables that exist."""
    variables = {env_variable(name) for name in Settings.model_fields}
    example = re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text("utf-8"), re.M)

    assert set(example) == variables
    for file in ("docs/reference.md", "docs/einstellungen.md"):
        text = (ROOT / file).read_text("utf-8")
        assert {name for name in variables if f"`{name}`" not in text} == set()


@pytest.mark.parametrize("name", ["GW_MAIL_FROM", "GW_MAIL_REPLY_TO", "GW_OPERATOR_EMAIL"])
@pytest.mark.parametrize(
    "value", ["kein at", "bot@", "a@b.de, c@d.de", "köln@stiftung.de", "Bot <bot@>", "a@b..de", "=?utf-8?q?a?=@b.de"]
)
def test_invalid_email_address_is_reported(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """The error about an invalid e-mail address names the variable and the expected form, but not the value."""
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as caught:
        load_settings()

    message = f"{name}: is not exactly one e-mail address; write bot@example.org or Name <bot@example.org>"
    assert message in str(caught.value)
    assert value not in str(caught.value).replace("bot@example.org", "")


@pytest.mark.parametrize(
    "value",
    ["bot@example.org", "Beratung <info@bürgerstiftung-köln.de>", "root@localhost", "bot@server", "bot@mail.local"],
)
def test_email_addresses_are_accepted(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """An e-mail address with a name, with umlauts in its domain, or in the local network is accepted."""
    monkeypatch.setenv("GW_MAIL_FROM", value)
    monkeypatch.setenv("GW_OPERATOR_EMAIL", value)

    settings = load_settings()

    assert (settings.mail_from, settings.operator_email) == (value, value)


def test_answers_by_email_need_outgoing_mail_and_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mailbox for answers without a server for the e-mails they answer is refused, and so is what is no address."""
    monkeypatch.setenv("GW_IMAP_URL", "imaps://bot:geheim@mail.example.org")
    with pytest.raises(SettingsError, match="GW_SMTP_URL is required if GW_IMAP_URL is set"):
        load_settings()
    monkeypatch.setenv("GW_SMTP_URL", "smtp://mail.example.org")
    monkeypatch.setenv("GW_MAIL_FROM", "bot@example.org")
    monkeypatch.setenv("GW_MAIL_ADVISERS", "bea@example.org, cem")
    with pytest.raises(SettingsError, match="GW_MAIL_ADVISERS: 1 of them"):
        load_settings()
    monkeypatch.setenv("GW_MAIL_ADVISERS", "bea@example.org, cem@example.org")

    assert load_settings().mail_advisers == {"bea@example.org", "cem@example.org"}


def test_further_desks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Further advisers' chats have names and need a first one; a chat must not be named twice."""
    monkeypatch.setenv("GW_ADVISER_CHATS", "kiel=-1001, ulm = -1002,")
    with pytest.raises(SettingsError, match="GW_ADVISER_CHAT_ID must be set"):
        load_settings()
    monkeypatch.setenv("GW_ADVISER_CHAT_ID", "-1001")
    with pytest.raises(SettingsError, match="each chat must be another one"):
        load_settings()
    monkeypatch.setenv("GW_ADVISER_CHAT_ID", "-1000")
    assert load_settings().adviser_chats == {"kiel": -1001, "ulm": -1002}
    monkeypatch.setenv("GW_ADVISER_CHATS", "-1001")
    with pytest.raises(SettingsError, match="write kiel=-1001234567890"):
        load_settings()


def test_email_address_has_an_ascii_form() -> None:
    """Every accepted e-mail address has an ASCII form for headers."""
    assert to_ascii_address("root@localhost") == "root@localhost"
    assert to_ascii_address("info@bürgerstiftung-köln.de") == "info@xn--brgerstiftung-kln-e0b3h.de"
