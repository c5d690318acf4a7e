"""A tenant's settings: which ones apply, and which are rejected."""

from pathlib import Path

import pytest

from bot.app.tenants import SETTINGS_FILE, list_tenant_names, load_tenant_settings, tenant_folder, write_tenant
from bot.errors import SettingsError
from bot.settings import Settings

pytestmark = pytest.mark.usefixtures("settings")  # an empty folder, so that no .env is read


@pytest.fixture
def installation(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation with many settings."""
    for name, value in {
        "GW_TELEGRAM_TOKEN": "1:des-Hauses",
        "GW_WEBHOOK_URL": "https://bot.example/telegram",
        "GW_WEBHOOK_SECRET": "des-Hauses",
        "GW_ADVISER_CHAT_ID": "-5",
        "GW_ADVISER_IDS": "7",
        "GW_OPERATOR": "Stiftung",
        "GW_RETENTION_DAYS": "90",
        "GW_SMTP_URL": "smtp://mail.example:587",
        "GW_MAIL_FROM": "bot@example.org",
        "GW_LANGUAGE": "en",
        "GW_DATA_DIR": "daten",
    }.items():
        monkeypatch.setenv(name, value)
    return Settings()


def load_with(installation: Settings, *lines: str, name: str = "kiel") -> Settings:
    """Write a tenant's settings file with these lines and load it."""
    folder = installation.tenants_root / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SETTINGS_FILE).write_text("\n".join(("GW_WEBHOOK_SECRET=eigenes", *lines)), encoding="utf-8")
    return load_tenant_settings(installation, name)


def test_settings_about_people_and_accounts_are_not_inherited(installation: Settings) -> None:
    """A tenant's file overrides the environment; settings that name people or accounts are never inherited."""
    settings = load_with(installation, "GW_TELEGRAM_TOKEN=2:von-Kiel", "GW_RETENTION_DAYS=30", "GW_SMTP_URL=")

    assert settings.telegram_token
    assert settings.telegram_token.get_secret_value() == "2:von-Kiel"
    assert (settings.retention_days, settings.language, settings.smtp_url) == (30, "en", None)
    assert (settings.adviser_chat_id, settings.adviser_ids, settings.operator) == (None, frozenset(), None)
    assert (settings.tenant_name, installation.tenant_name) == ("kiel", "main")
    assert load_with(installation, name="ulm").telegram_token is None


def test_paths_and_addresses_of_a_tenant(
    installation: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tenant has its own store and webhook, its own index if it has its own knowledge, and shares the encoder."""
    monkeypatch.setenv("GW_DATABASE_URL", "sqlite:///woanders.db")
    home = Path("daten/tenants/kiel")
    settings = load_with(Settings())

    assert (settings.sqlite_path, settings.index_dir) == (home / "bot.db", installation.index_dir)
    assert settings.encoder_dir == installation.encoder_dir
    assert settings.webhook_url == "https://bot.example/telegram/tenants/kiel"
    assert settings.knowledge_dir is None
    assert load_with(installation, "GW_KNOWLEDGE_DIR=texte").knowledge_dir == home / "texte"
    (home / "knowledge").mkdir()
    own = load_with(installation)
    assert (own.knowledge_dir, own.index_dir) == (home / "knowledge", home / "index")
    monkeypatch.setenv("GW_TENANTS_DIR", str(tmp_path / "anderswo"))
    assert load_with(Settings()).sqlite_path == tmp_path / "anderswo" / "kiel" / "bot.db"


def test_tenants_share_the_database(installation: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """On PostgreSQL, all tenants use the installation's database."""
    monkeypatch.setenv("GW_DATABASE_URL", "postgresql://gwbot@db.example/gwbot")

    assert load_with(Settings()).store_url == "postgresql://gwbot@db.example/gwbot"


def test_index_name_in_a_shared_database(installation: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """In PostgreSQL, a tenant with its own knowledge has an index by its own name; others use the installation's."""
    monkeypatch.setenv("GW_INDEX_URL", "postgresql://gwbot@db.example/gwbot")
    shared, own = load_with(Settings()), load_with(Settings(), "GW_KNOWLEDGE_DIR=texte")
    named = load_with(Settings(), "GW_KNOWLEDGE_DIR=texte\nGW_INDEX_NAME=zwei")

    assert [settings.index_name for settings in (shared, own, named)] == ["main", "kiel", "zwei"]


def test_tenant_cannot_replace_the_installations_index(
    installation: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tenant named like the installation's index must choose another name for its own index."""
    monkeypatch.setenv("GW_INDEX_URL", "postgresql://gwbot@db.example/gwbot")
    monkeypatch.setenv("GW_INDEX_NAME", "kiel")
    named = load_with(Settings(), "GW_KNOWLEDGE_DIR=texte\nGW_INDEX_NAME=zwei")

    with pytest.raises(SettingsError, match="GW_INDEX_NAME: the installation's index is called kiel"):
        load_with(Settings(), "GW_KNOWLEDGE_DIR=texte")
    assert (named.index_name, load_with(Settings()).index_name) == ("zwei", "kiel")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("GW_DATA_DIR=x", "GW_DATA_DIR is set for the whole installation"),
        ("GW_DATABASE_URL=sqlite:///x", "GW_DATABASE_URL is set for"),
        ("PORT=1", "PORT is set for"),
        ("GW_WEBHOOK_URL=https://x", "GW_WEBHOOK_URL is set for"),
        ("GW_LOG_LEVEL=DEBUG", "GW_LOG_LEVEL is set for"),
        ("GW_ADVISOR_CHAT=1", "GW_ADVISOR_CHAT is not a setting"),
        ("GW_LANGUAGE=fr", "GW_LANGUAGE: "),
        ("GW_ADVISER_IDS=anna", "GW_ADVISER_IDS: "),
        ("123456:geheim", "a line is not of the form NAME=value"),
        ("GW_WEBHOOK_SECRET=nicht gut!", "GW_WEBHOOK_SECRET may contain only"),
    ],
)
def test_invalid_line_is_rejected(installation: Settings, line: str, message: str) -> None:
    """An invalid line is rejected; the error names the file and the variable, but no secret value."""
    with pytest.raises(SettingsError) as caught:
        load_with(installation, line)

    assert message in str(caught.value)
    assert "tenants/kiel/tenant.env: " in str(caught.value)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["../kiel", "..", ".", "", "Kiel", "kiel/ulm", "main", "-kiel", "a" * 33, "käl", "a\n"]
)
def test_invalid_tenant_name_is_rejected(installation: Settings, name: str) -> None:
    """An invalid name is rejected wherever a name is given."""
    for use in (tenant_folder, load_tenant_settings, lambda settings, name: write_tenant(settings, name, {})):
        with pytest.raises(SettingsError, match="A tenant's name consists"):
            use(installation, name)
    assert not Path("daten").exists()


def test_unknown_tenant(installation: Settings) -> None:
    """The error about an unknown tenant lists the known ones."""
    load_with(installation)

    with pytest.raises(SettingsError, match=r"no tenant bonn \(existing: kiel\)"):
        load_tenant_settings(installation, "bonn")


@pytest.mark.parametrize("operator", ["Stadt 'Kiel'", "A \\ B", "Amt #1, $HOME ${HOME}", "  Rand  ", 'Haus "Süd"'])
def test_written_value_is_read_back_unchanged(installation: Settings, operator: str) -> None:
    """A value is read back from the file as it was written; only the owner may read the file."""
    folder = write_tenant(
        installation, "kiel", {"telegram_token": "2:von-Kiel", "operator": operator, "language": None}
    )

    assert load_tenant_settings(installation, "kiel").operator == operator
    assert (folder / SETTINGS_FILE).stat().st_mode & 0o777 == 0o600
    assert list_tenant_names(installation) == ["kiel"]


def test_value_cannot_inject_a_setting(installation: Settings) -> None:
    """A value cannot inject another setting."""
    with pytest.raises(SettingsError, match="single line"):
        write_tenant(installation, "kiel", {"operator": "Stadt\nGW_DATA_DIR=/"})
