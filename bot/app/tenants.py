"""The tenants of an installation: more bots, each a folder with its settings, its index and, on SQLite, its store.

A tenant inherits the installation's settings except `OWN_FIELDS`, and overrides them in its ``tenant.env``, but must
not override the `SHARED_FIELDS`.
"""

import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values
from pydantic import ValidationError

from bot.errors import SettingsError
from bot.settings import Settings, describe_errors, env_variable
from bot.store import POSTGRESQL_PREFIXES, SQLITE_PREFIX
from bot.store.records import MAIN_TENANT

SETTINGS_FILE = "tenant.env"
DISABLED_FILE = "disabled"  # while it is in the folder, the tenant does not run
KNOWLEDGE_FOLDER = "knowledge"
WEBHOOK_PATH = "tenants"  # below the path of the installation's webhook
SHARED_FIELDS = frozenset(
    ("data_dir", "tenants_dir", "database_url", "port", "web_host", "webhook_url", "log_level", "log_format")
)
# Never inherited: a tenant's requests must not reach another's advisers.
OWN_FIELDS = frozenset(
    (
        "telegram_token",
        "webhook_secret",
        "adviser_chat_id",
        "adviser_chats",
        "adviser_ids",
        "away",
        "imap_url",
        "mail_reply_to",
        "mail_advisers",
        "operator",
        "operator_email",
    )
)
_NAME_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


def validate_name(name: str) -> str:
    """Return the name if it is valid for a tenant. Raises SettingsError."""
    if name == MAIN_TENANT or not _NAME_PATTERN.fullmatch(name):
        raise SettingsError(
            "A tenant's name consists of 1 to 32 of a-z, 0-9 and -, does not begin with - and is not 'main', "
            "which is the installation's own bot."
        )
    return name


def list_tenant_names(settings: Settings) -> list[str]:
    """Return the names of all tenants, sorted."""
    names = (path.parent.name for path in settings.tenants_root.glob(f"*/{SETTINGS_FILE}"))
    return sorted(name for name in names if _NAME_PATTERN.fullmatch(name) and name != MAIN_TENANT)


def tenant_folder(settings: Settings, name: str) -> Path:
    """Return a tenant's folder. Raises SettingsError if there is no such tenant."""
    folder = settings.tenants_root / validate_name(name)
    if not (folder / SETTINGS_FILE).is_file():
        existing = ", ".join(list_tenant_names(settings)) or "none yet"
        raise SettingsError(f"There is no tenant {name} (existing: {existing}). Create it: gwbot tenant add {name}")
    return folder


def is_enabled(settings: Settings, name: str) -> bool:
    """Return whether a tenant should run."""
    return not (settings.tenants_root / name / DISABLED_FILE).exists()


class TenantSettings(Settings):
    """The settings of a tenant; its own two fields are set by `load_tenant_settings`, never by the environment."""

    name: str
    shared_index_dir: Path | None  # if the tenant has the installation's knowledge

    @property
    def tenant_name(self) -> str:
        """The tenant's name."""
        return self.name

    @property
    def bot_dir(self) -> Path:
        """The folder of the tenant."""
        return self.tenants_root / self.name

    @property
    def index_dir(self) -> Path:
        """The tenant's index folder, or the installation's, so that a shared index is in memory only once."""
        return self.shared_index_dir or super().index_dir


def load_tenant_settings(installation: Settings, name: str) -> TenantSettings:
    """Read a tenant's settings. Raises SettingsError naming its file and every wrong variable."""
    folder = tenant_folder(installation, name)
    path = folder / SETTINGS_FILE
    fields = {env_variable(field): field for field in Settings.model_fields}
    try:
        file_values = dotenv_values(path, interpolate=False)
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read ({type(error).__name__}).") from None
    refusals = [_explain_refusal(key) for key in file_values if key not in fields or fields[key] in SHARED_FIELDS]
    if refusals:
        raise SettingsError("\n".join(f"{path}: {line}" for line in refusals))
    inherited_fields = installation.model_fields_set - OWN_FIELDS - {"port"}
    inherited = {field: getattr(installation, field) for field in inherited_fields}
    if "port" in installation.model_fields_set:
        inherited["PORT"] = installation.port
    defaults = {field: info.default for field, info in Settings.model_fields.items()}
    own_defaults = {field: defaults[field] for field in OWN_FIELDS}
    from_file = {fields[key]: value or defaults[fields[key]] for key, value in file_values.items()}
    derived = _derive_settings(installation, name, folder, from_file.get("knowledge_dir"))
    if derived["shared_index_dir"] is None:
        own_defaults["index_name"] = name  # in PostgreSQL it must not replace the installation's index
    try:
        settings = TenantSettings(**{**inherited, **own_defaults, **from_file, **derived})
    except ValidationError as error:
        raise SettingsError("\n".join(f"{path}: {line}" for line in describe_errors(error))) from None
    is_name_derived = "index_name" in own_defaults.keys() - from_file.keys()
    if is_name_derived and settings.index_location == installation.index_location:
        raise SettingsError(
            f"{path}: GW_INDEX_NAME: the installation's index is called {name}, and this bot has its own knowledge: "
            "set another name here, or rename the bot."
        )
    return settings


def _derive_settings(installation: Settings, name: str, folder: Path, knowledge: str | None) -> dict[str, object]:
    """Return the settings that follow from the tenant's folder. ``knowledge`` is a path relative to it."""
    own_knowledge, url, webhook_url = folder / KNOWLEDGE_FOLDER, installation.store_url, installation.webhook_url
    knowledge_dir = installation.knowledge_dir
    if knowledge or own_knowledge.is_dir():
        knowledge_dir = folder / knowledge if knowledge else own_knowledge
    return {
        "name": name,
        "knowledge_dir": knowledge_dir,
        "shared_index_dir": installation.index_dir if knowledge_dir == installation.knowledge_dir else None,
        "database_url": url if url.startswith(POSTGRESQL_PREFIXES) else f"{SQLITE_PREFIX}{folder / 'bot.db'}",
        "webhook_url": f"{webhook_url}/{WEBHOOK_PATH}/{name}" if webhook_url else None,
    }


def _explain_refusal(key: str) -> str:
    if key in {env_variable(field) for field in SHARED_FIELDS}:
        return f"{key} is set for the whole installation. Remove it here."
    if not re.fullmatch(r"[A-Z0-9_]+", key):  # it may be a token that was pasted without its name
        return "a line is not of the form NAME=value."
    return f"{key} is not a setting. All settings are listed in docs/reference.md."


def write_tenant(installation: Settings, name: str, values: Mapping[str, object]) -> Path:
    """Create the folder of a tenant, disabled, with these settings and a secret for its webhook; return it.

    ``values`` are by field of Settings; those that are None or empty are omitted. Only the owner may read the file.
    Raises SettingsError, and FileExistsError if the tenant exists.
    """
    folder = installation.tenants_root / validate_name(name)
    file_values = {field: str(value) for field, value in values.items() if value not in (None, "")}
    if any(not value.isprintable() for value in file_values.values()):
        raise SettingsError("A setting must be a single line.")
    file_values["webhook_secret"] = secrets.token_urlsafe(32)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / DISABLED_FILE).touch()
    file = os.open(folder / SETTINGS_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(file, "w", encoding="utf-8") as stream:
        stream.writelines(f"{env_variable(field)}={_quote_value(value)}\n" for field, value in file_values.items())
    return folder


def _quote_value(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
