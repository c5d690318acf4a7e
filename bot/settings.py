"""The settings, read from the environment and ``.env`` and validated at start."""

import logging
import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from email.utils import getaddresses
from pathlib import Path
from typing import Annotated, Literal

from dotenv.parser import Binding, parse_stream
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.domain.absence import Absence, read_absences
from bot.errors import SettingsError
from bot.store import POSTGRESQL_PREFIXES, SQLITE_PREFIX
from bot.store.records import MAIN_TENANT
from knowledge.parsing.addresses import is_mailable_address

ENV_PREFIX, ENV_FILE = "GW_", ".env"
logging.getLogger("dotenv.main").setLevel(logging.ERROR)  # `describe_ineffective_settings` says more
TOKEN_PATTERN = re.compile(r"\d+:[\w-]+", re.ASCII)
_PLAIN_MESSAGES = {
    "int_parsing": "must be a whole number",
    "bool_parsing": "must be true or false",
}


class Settings(BaseSettings):
    """All settings. The table in docs/reference.md is generated from the descriptions."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_file=ENV_FILE,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    telegram_token: SecretStr | None = Field(None, description="The bot's token, from @BotFather")
    telegram_api_url: str = Field("https://api.telegram.org", description="Address of the Bot API server")
    webhook_url: str | None = Field(None, description="Public https address of the webhook; unset: polling")
    webhook_secret: SecretStr | None = Field(None, description="Required with a webhook: 1 to 256 of A-Z a-z 0-9 _ -")
    port: int = Field(
        8080,
        validation_alias="PORT",
        ge=0,
        le=65535,
        description="Port of the web server; when polling, it runs only if this is set",
    )
    web_host: str | None = Field(
        None, description="Address the web server binds to; unset: all with a webhook, `127.0.0.1` when polling"
    )
    data_dir: Path = Field(Path("data"), description="Folder of store, index and encoder")
    database_url: SecretStr | None = Field(
        None,
        description="`sqlite:///<path>` or `postgresql://<user>:<password>@<host>/<database>`; "
        "unset: `bot.db` in the data folder",
    )
    index_url: SecretStr | None = Field(
        None, description="`postgresql://…` to store the index there (pgvector); unset: in the data folder"
    )
    index_name: str = Field(
        "main",
        pattern=r"^[A-Za-z0-9_-]{1,40}$",
        description="Name of the index there; several bots may share a database",
    )
    tenants_dir: Path | None = Field(
        None, description="Folder of further bots (tenants); unset: `tenants` in the data folder"
    )
    knowledge_dir: Path | None = Field(None, description="Knowledge folder; unset: the built-in knowledge")
    adviser_chat_id: int | None = Field(None, description="Chat that receives requests for advice")
    adviser_ids: Annotated[frozenset[int], NoDecode] = Field(
        frozenset(), description="Telegram user ids that may act as advisers, comma-separated"
    )
    adviser_chats: Annotated[Mapping[str, int], NoDecode] = Field(
        {}, description="Further advisers' chats by the name in `contacts.yaml` (`desk`), `kiel=-100123, ulm=-100456`"
    )
    smtp_url: SecretStr | None = Field(None, description="Mail server, `smtp://user:pw@host:587`; unset: no e-mail")
    mail_from: str | None = Field(None, description="Sender of the e-mails")
    imap_url: SecretStr | None = Field(
        None, description="Mailbox with answers to requests' e-mails, `imaps://user:pw@host/folder`; unset: not read"
    )
    mail_reply_to: str | None = Field(
        None,
        description="Address of that mailbox; ending in + before the @, each request gets its own; "
        "unset: `GW_MAIL_FROM`",
    )
    mail_advisers: Annotated[frozenset[str], NoDecode] = Field(
        frozenset(), description="Addresses that may answer by e-mail besides the contacts', comma-separated"
    )
    away: Annotated[tuple[Absence, ...], NoDecode] = Field(
        (), description="When the advisers are away, `2026-08-03..2026-08-17, 2026-12-24`"
    )
    operator: str | None = Field(None, description="Who runs the bot, with postal address; shown by `/datenschutz`")
    operator_email: str | None = Field(
        None, description="Address for alerts: advisers' chat lost, another program polls; unset: `GW_MAIL_FROM`"
    )
    answer_days: int = Field(
        0, ge=0, le=30, description="Working days within which an answer is promised; `0`: no date is promised"
    )
    close_days: int = Field(
        14, ge=3, description="Days without a reply from the requester after which a request is closed"
    )
    cross_encoder: bool = Field(False, description="`true`: rerank the best entries with the prepared cross-encoder")
    language: Literal["de", "en"] = Field(
        "de", description="Fallback language if the user's Telegram language is not supported"
    )
    retention_days: int = Field(180, ge=1, description="Days until data that is no longer needed is deleted")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Minimum level of log messages"
    )
    log_format: Literal["text", "json"] = Field("text", description="Format of log messages: `text` or `json`")

    @field_validator("adviser_chats", mode="before")
    @classmethod
    def _read_desks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = [part.strip().partition("=") for part in value.split(",") if part.strip()]
        if not all(name.strip() and re.fullmatch(r"\s*-?\d{1,18}", chat) for name, _, chat in pairs):
            raise ValueError("is not a list of names and chats; write kiel=-1001234567890, ulm=-1009876543210")
        return {name.strip(): int(chat) for name, _, chat in pairs}

    @field_validator("away", mode="before")
    @classmethod
    def _read_absences(cls, value: object) -> object:
        return read_absences(value) if isinstance(value, str) else value

    @field_validator("adviser_ids", "mail_advisers", mode="before")
    @classmethod
    def _split_ids(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("telegram_token")
    @classmethod
    def _check_token(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not TOKEN_PATTERN.fullmatch(value.get_secret_value()):
            raise ValueError("is not a token; a token looks like 123456:ABC-… and comes from @BotFather")
        return value

    @field_validator("telegram_api_url", "webhook_url")
    @classmethod
    def _check_address(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("https://", "http://")):
            raise ValueError("must begin with https:// (or http:// on this machine)")
        return value.rstrip("/") if value else value

    @field_validator("database_url")
    @classmethod
    def _check_database(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith((SQLITE_PREFIX, *POSTGRESQL_PREFIXES)):
            raise ValueError(f"must begin with {SQLITE_PREFIX} or {POSTGRESQL_PREFIXES[0]}")
        return value

    @field_validator("index_url")
    @classmethod
    def _check_index(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(POSTGRESQL_PREFIXES):
            raise ValueError(f"must begin with {POSTGRESQL_PREFIXES[0]}")
        return value

    @field_validator("mail_from", "mail_reply_to", "operator_email")
    @classmethod
    def _check_mailbox(cls, value: str | None) -> str | None:
        if value is not None and [is_mailable_address(address) for _, address in getaddresses([value])] != [True]:
            example = "bot@example.org or Name <bot@example.org>, without umlauts before the @"
            raise ValueError(f"is not exactly one e-mail address; write {example}")
        return value

    @model_validator(mode="after")
    def _check_webhook(self) -> "Settings":
        if self.webhook_url and not self.webhook_secret:
            raise ValueError("GW_WEBHOOK_SECRET is required if GW_WEBHOOK_URL is set")
        secret = self.webhook_secret.get_secret_value() if self.webhook_secret else ""
        if not all(character.isascii() and (character.isalnum() or character in "_-") for character in secret):
            raise ValueError("GW_WEBHOOK_SECRET may contain only A-Z a-z 0-9 _ -")
        if len(secret) > 256:
            raise ValueError("GW_WEBHOOK_SECRET must not be longer than 256 characters")
        return self

    @model_validator(mode="after")
    def _check_desks(self) -> "Settings":
        chats = [self.adviser_chat_id, *self.adviser_chats.values()]
        if self.adviser_chats and (self.adviser_chat_id is None or len(set(chats)) < len(chats)):
            raise ValueError("GW_ADVISER_CHATS: each chat must be another one, and GW_ADVISER_CHAT_ID must be set")
        return self

    @model_validator(mode="after")
    def _check_mail(self) -> "Settings":
        if self.smtp_url and not self.mail_from:
            raise ValueError("GW_MAIL_FROM is required if GW_SMTP_URL is set: the sender's e-mail address")
        if self.imap_url and not self.smtp_url:
            raise ValueError("GW_SMTP_URL is required if GW_IMAP_URL is set: only e-mails sent can be answered")
        if wrong := [address for address in self.mail_advisers if not is_mailable_address(address)]:
            raise ValueError(f"GW_MAIL_ADVISERS: {len(wrong)} of them are no e-mail addresses; write a@b.org,c@d.org")
        return self

    @property
    def tenant_name(self) -> str:
        """The name of the bot with these settings; those of a tenant are `bot.app.tenants.TenantSettings`."""
        return MAIN_TENANT

    @property
    def tenants_root(self) -> Path:
        """The folder of the tenants."""
        return self.tenants_dir or self.data_dir / "tenants"

    @property
    def bot_dir(self) -> Path:
        """The folder of this bot's own data."""
        return self.data_dir

    @property
    def store_url(self) -> str:
        """The store's address, which may contain a password."""
        default_url = f"{SQLITE_PREFIX}{self.bot_dir / 'bot.db'}"
        return self.database_url.get_secret_value() if self.database_url else default_url

    @property
    def sqlite_path(self) -> Path:
        """The store's file. Raises SettingsError if the store is in PostgreSQL."""
        if not self.store_url.startswith(SQLITE_PREFIX):
            raise SettingsError(
                "GW_DATABASE_URL: this works only for a store in a file. Back up PostgreSQL with pg_dump, or copy it "
                "to a file with: gwbot store copy"
            )
        return Path(self.store_url.removeprefix(SQLITE_PREFIX))

    @property
    def index_dir(self) -> Path:
        """The index folder."""
        return self.bot_dir / "index"

    @property
    def index_location(self) -> Path | tuple[SecretStr, str]:
        """The identity of the index: its folder, or the server's address and the index's name there."""
        return (self.index_url, self.index_name) if self.index_url else self.index_dir

    @property
    def encoder_dir(self) -> Path:
        """The encoder prepared for serving."""
        return self.data_dir / "encoder"

    @property
    def cross_encoder_dir(self) -> Path:
        """The cross-encoder prepared for serving; it may be missing."""
        return self.data_dir / "cross-encoder"


def env_variable(name: str) -> str:
    """Return the environment variable of a field."""
    return "PORT" if name == "port" else f"{ENV_PREFIX}{name.upper()}"


def load_settings() -> Settings:
    """Read the settings. Raises SettingsError naming every wrong variable, or the fault of the file ``.env``."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("\n".join(describe_errors(error))) from None
    except UnicodeDecodeError:
        raise SettingsError(f"The file {ENV_FILE} is not UTF-8. Save it with this encoding.") from None
    except OSError as error:
        raise SettingsError(f"The file {ENV_FILE} cannot be read ({error.strerror}).") from None


def load_valid_settings() -> tuple[Settings, dict[str, frozenset[str]]]:
    """Read the settings with the default in place of each wrong one, to check what does not depend on these.

    Returns:
        the settings, and for each fault a line about it with the fields that it is about.

    Raises:
        SettingsError: the file ``.env`` cannot be read, or a fault names no setting.
    """
    faults: dict[str, frozenset[str]] = {}
    defaults: dict[str, object] = {}
    while True:
        try:
            return Settings(**defaults), faults  # type: ignore[arg-type]  # each the default of its field
        except ValidationError as error:
            found = [
                (line, _fields_of(item["loc"], line))
                for item, line in zip(error.errors(include_input=False), describe_errors(error), strict=True)
            ]
        except (OSError, ValueError):
            load_settings()  # says what is wrong with the file
            raise
        reset = frozenset[str]().union(*faults.values())
        # What is only amiss because a wrong value was left out is no fault of its own.
        faults |= {line: fields for line, fields in found if fields.isdisjoint(reset)}
        wrong = frozenset[str]().union(*(fields for _, fields in found))
        if not wrong - reset:
            raise SettingsError("\n".join(line for line, _ in found))
        for field in wrong:
            default = Settings.model_fields[field].get_default(call_default_factory=True)
            defaults["PORT" if field == "port" else field] = default


def _fields_of(location: tuple[int | str, ...], line: str) -> frozenset[str]:
    """Return the fields that a line about a fault is about: that of its location, else all that it names."""
    by_variable = {env_variable(field): field for field in Settings.model_fields}
    if location:
        name = str(location[0])
        return frozenset((by_variable.get(name, name),))
    return frozenset(by_variable[name] for name in re.findall(rf"{ENV_PREFIX}[A-Z_]+", line))


def find_unknown_variables() -> dict[str, str]:
    """Return the variables in the environment and in ``.env`` that look like settings but are none.

    Each has the variable that is probably meant; "" if none is similar.
    """
    known = [env_variable(name) for name in Settings.model_fields]
    in_file = {binding.key.upper() for binding in _read_bindings(Path(ENV_FILE)) if binding.key}
    prefixed = {name.upper() for name in (*os.environ, *in_file) if name.upper().startswith(ENV_PREFIX)}
    nearest = {name: "".join(get_close_matches(name, known, n=1, cutoff=0.75)) for name in prefixed.difference(known)}
    for name in in_file.difference(prefixed, known):  # other programs' variables may be in the file, too
        if match := get_close_matches(name.removeprefix("GW"), known, n=1, cutoff=0.85):
            nearest[name] = match[0]
    return dict(sorted(nearest.items()))


def describe_ineffective_settings() -> list[str]:
    """Return a sentence about each line of ``.env`` that cannot be read, and each variable that is no setting."""
    unknown = [_describe_unknown_variable(*item) for item in find_unknown_variables().items()]
    return [f"{ENV_FILE}: {line}" for line in describe_unreadable_lines(Path(ENV_FILE))] + unknown


def describe_unreadable_lines(path: Path) -> list[str]:
    """Return a sentence about each line of a file of variables that cannot be read, never about what it holds."""
    return [
        f"line {binding.original.line} cannot be read and has no effect. It should be NAME=value; "
        "perhaps a quotation mark is missing."
        for binding in _read_bindings(path)
        if binding.error
    ]


def _describe_unknown_variable(name: str, nearest: str) -> str:
    advice = f"Did you mean {nearest}?" if nearest else "Remove it, or look for its name in docs/reference.md."
    return f"{name} is not a setting and has no effect. {advice}"


def _read_bindings(path: Path) -> list[Binding]:
    """Return the lines of a file of variables; none if it is missing or cannot be read, which is said elsewhere."""
    try:
        with path.open(encoding="utf-8") as file:
            return list(parse_stream(file))
    except (OSError, UnicodeDecodeError):
        return []


def describe_errors(error: ValidationError) -> list[str]:
    """Return a line for each wrong variable saying what it should be, never its value."""
    return [
        _describe_error(item["loc"], _PLAIN_MESSAGES.get(item["type"], item["msg"]))
        for item in error.errors(include_input=False)
    ]


def _describe_error(location: tuple[int | str, ...], message: str) -> str:
    message = message.removeprefix("Value error, ").replace("Input should be", "must be")
    name = str(location[0]) if location else ""
    return f"{env_variable(name) if name != 'PORT' else name}: {message}" if name else message
