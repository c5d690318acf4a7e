"""Settings that are wrong or hostile: refused by the variable's name, never with a secret's value."""

import pytest

from bot.errors import SettingsError
from bot.mail.smtp import Mailer
from bot.settings import Settings, load_settings

SECRET = "Geheimnis"
WRONG = {
    "webhook-no-secret": {"GW_WEBHOOK_URL": "https://x.example"}, "secret-blank": {"GW_WEBHOOK_SECRET": f"{SECRET} x"}, "secret-umlaut": {"GW_WEBHOOK_SECRET": f"{SECRET}ü"},
    "secret-line": {"GW_WEBHOOK_SECRET": f"{SECRET}\nX: 1"}, "secret-long": {"GW_WEBHOOK_SECRET": SECRET + "a" * 257}, "api-file": {"GW_TELEGRAM_API_URL": f"file:///{SECRET}"},
    "api-gopher": {"GW_TELEGRAM_API_URL": f"gopher://{SECRET}"}, "api-bare": {"GW_TELEGRAM_API_URL": SECRET}, "webhook-script": {"GW_WEBHOOK_URL": f"javascript:{SECRET}", "GW_WEBHOOK_SECRET": "a"},
    "port-big": {"PORT": "70000"}, "port-minus": {"PORT": "-1"}, "port-text": {"PORT": SECRET}, "database-other": {"GW_DATABASE_URL": f"mysql://{SECRET}"}, "database-file": {"GW_DATABASE_URL": f"file:{SECRET}"},
    "ids-text": {"GW_ADVISER_IDS": f"1,{SECRET}"}, "chat-text": {"GW_ADVISER_CHAT_ID": SECRET}, "mail-no-sender": {"GW_SMTP_URL": f"smtp://u:{SECRET}@x"},
    "language-path": {"GW_LANGUAGE": f"../{SECRET}"}, "level": {"GW_LOG_LEVEL": SECRET}, "format": {"GW_LOG_FORMAT": SECRET}, "days-zero": {"GW_RETENTION_DAYS": "0"}, "days-text": {"GW_RETENTION_DAYS": SECRET},
}  # fmt: skip
MAIL = [
    "http://x",
    "file:///etc/passwd",
    f"smtp://u:{SECRET}@",
    "smtp://x:evil",
    "smtp://x:99999",
    "evil",
    "",
    "smtp:x",
    "ldap://x",
    "smtp://[x",
]


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_setting(settings: Settings, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """A wrong value ends the start with the variable's name, and is not repeated."""
    for name, value in WRONG[kind].items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as caught:
        load_settings()

    assert SECRET not in str(caught.value)
    assert any(name in str(caught.value) for name in [*WRONG[kind], "GW_MAIL_FROM", "GW_WEBHOOK_SECRET"])


@pytest.mark.parametrize("url", MAIL)
def test_a_mail_server_of_another_kind(url: str) -> None:
    """Mail goes by SMTP alone, and a wrong address is not repeated."""
    with pytest.raises(SettingsError) as caught:
        Mailer(url)

    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("name", ["telegram_token", "webhook_secret", "smtp_url"])
@pytest.mark.parametrize("way", [repr, str, lambda made: made.model_dump_json()], ids=["repr", "str", "json"])
def test_a_secret_hides(name: str, way: object) -> None:
    """Secrets hide wherever settings are shown."""
    made = Settings.model_validate({name: SECRET, "mail_from": "a@b.de"})
    assert callable(way)

    assert SECRET not in way(made)
