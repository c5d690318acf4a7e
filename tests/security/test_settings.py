"""Wrong or hostile settings are rejected with the name of the variable, and without the value of a secret."""

import pytest

from bot.errors import SettingsError
from bot.mail.smtp import Mailer
from bot.settings import Settings, load_settings

SECRET = "Geheimnis"
INVALID_SETTINGS = {
    "webhook-no-secret": {"GW_WEBHOOK_URL": "https://x.example"}, "secret-blank": {"GW_WEBHOOK_SECRET": f"{SECRET} x"}, "secret-umlaut": {"GW_WEBHOOK_SECRET": f"{SECRET}ü"},
    "secret-line": {"GW_WEBHOOK_SECRET": f"{SECRET}\nX: 1"}, "secret-long": {"GW_WEBHOOK_SECRET": SECRET + "a" * 257}, "api-file": {"GW_TELEGRAM_API_URL": f"file:///{SECRET}"},
    "api-gopher": {"GW_TELEGRAM_API_URL": f"gopher://{SECRET}"}, "api-bare": {"GW_TELEGRAM_API_URL": SECRET}, "webhook-script": {"GW_WEBHOOK_URL": f"javascript:{SECRET}", "GW_WEBHOOK_SECRET": "a"},
    "port-big": {"PORT": "70000"}, "port-minus": {"PORT": "-1"}, "port-text": {"PORT": SECRET}, "database-other": {"GW_DATABASE_URL": f"mysql://{SECRET}"}, "database-file": {"GW_DATABASE_URL": f"file:{SECRET}"},
    "ids-text": {"GW_ADVISER_IDS": f"1,{SECRET}"}, "chat-text": {"GW_ADVISER_CHAT_ID": SECRET}, "mail-no-sender": {"GW_SMTP_URL": f"smtp://u:{SECRET}@x"},
    "language-path": {"GW_LANGUAGE": f"../{SECRET}"}, "level": {"GW_LOG_LEVEL": SECRET}, "format": {"GW_LOG_FORMAT": SECRET}, "days-zero": {"GW_RETENTION_DAYS": "0"}, "days-text": {"GW_RETENTION_DAYS": SECRET},
}  # fmt: skip
MAIL_URLS = [
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


@pytest.mark.parametrize("kind", INVALID_SETTINGS)
def test_invalid_setting(settings: Settings, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """An invalid value stops the start with an error that names the variable and does not repeat the value."""
    for name, value in INVALID_SETTINGS[kind].items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as caught:
        load_settings()

    assert SECRET not in str(caught.value)
    assert any(name in str(caught.value) for name in [*INVALID_SETTINGS[kind], "GW_MAIL_FROM", "GW_WEBHOOK_SECRET"])


@pytest.mark.parametrize("url", MAIL_URLS)
def test_invalid_mail_server(url: str) -> None:
    """Mail is sent by SMTP only, and an invalid address is not repeated."""
    with pytest.raises(SettingsError) as caught:
        Mailer(url)

    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("name", ["telegram_token", "webhook_secret", "smtp_url"])
@pytest.mark.parametrize(
    "show", [repr, str, lambda settings: settings.model_dump_json()], ids=["repr", "str", "json"]
)
def test_secret_is_hidden(name: str, show: object) -> None:
    """Secrets are hidden wherever settings are printed."""
    secret = f"123456:{SECRET * 4}" if name == "telegram_token" else SECRET
    settings = Settings.model_validate({name: secret, "mail_from": "a@b.de"})
    assert callable(show)

    assert SECRET not in show(settings)
