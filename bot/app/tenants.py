"""The tenants of an installation: further bots, each a folder with its settings, its index and, on SQLite, its store.

A tenant's settings are those of the installation, but for what is its own (`OWN`), with what its ``tenant.env`` says
above them; what concerns the process as a whole (`SHARED`) may not stand there.
"""

import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values
from pydantic import ValidationError

from bot.domain.tenant import MAIN_TENANT
from bot.errors import SettingsError
from bot.settings import Settings, describe_errors, env_variable
from bot.store.urls import POSTGRESQL_PREFIXES, SQLITE_PREFIX

SETTINGS_FILE = "tenant.env"
DISABLED_FILE = "disabled"  # a file of this name in the folder: the tenant does not run
KNOWLEDGE_FOLDER = "knowledge"
WEBHOOK_PATH = "tenants"  # below the installation's webhook
SHARED_FIELDS = frozenset(
    ("data_dir", "tenants_dir", "database_url", "port", "web_host", "webhook_url", "log_level", "log_format")
)
# Never taken over from the installation: a tenant's requests must not reach another's advisers.
OWN_FIELDS = frozenset(
    (
        "telegram_token",
        "webhook_secret",
        "adviser_chat_id",
        "adviser_ids",
        "operator",
        "operator_email",
    )
)
_NAME_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


def validate_name(name: str) -> str:
    """The name, where it may be a tenant's; raises SettingsError."""
    if name == MAIN_TENANT or not _NAME_PATTERN.fullmatch(name):
        raise SettingsError(
            "A tenant's name has 1 to 32 of a-z, 0-9 and -, does not begin with - and is not 'main', which is the "
            "installation's own bot."
        )
    return name


def list_tenant_names(settings: Settings) -> list[str]:
    """All tenants, in order."""
    settings_files = settings.tenants_root.glob(f"*/{SETTINGS_FILE}")
    return sorted(
        path.parent.name
        for path in settings_files
        if _NAME_PATTERN.fullmatch(path.parent.name) and path.parent.name != MAIN_TENANT
    )


def tenant_folder(settings: Settings, name: str) -> Path:
    """A tenant's folder; raises SettingsError where there is no such tenant."""
    folder = settings.tenants_root / validate_name(name)
    if not (folder / SETTINGS_FILE).is_file():
        known_names = ", ".join(list_tenant_names(settings)) or "none yet"
        raise SettingsError(f"There is no tenant {name} (known: {known_names}). Make one: gwbot tenant add {name}")
    return folder


def is_enabled(settings: Settings, name: str) -> bool:
    """Whether a tenant is to run."""
    return not (settings.tenants_root / name / DISABLED_FILE).exists()


def load_tenant_settings(installation: Settings, name: str) -> Settings:
    """A tenant's settings; raises SettingsError naming its file and every variable that is wrong."""
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
    inherited = {
        field: getattr(installation, field) for field in installation.model_fields_set - OWN_FIELDS - {"port"}
    }
    if "port" in installation.model_fields_set:
        inherited["PORT"] = installation.port
    own_defaults = {field: Settings.model_fields[field].default for field in OWN_FIELDS}
    from_file = {
        fields[key]: value or Settings.model_fields[fields[key]].default for key, value in file_values.items()
    }
    derived = _derive_settings(installation, name, folder, from_file.get("knowledge_dir"))
    if derived["knowledge_dir"] != installation.knowledge_dir:
        own_defaults["index_name"] = name  # in PostgreSQL beside the installation's, not in its place
    try:
        settings = Settings(**{**inherited, **own_defaults, **from_file, **derived})
    except ValidationError as error:
        raise SettingsError("\n".join(f"{path}: {line}" for line in describe_errors(error))) from None
    settings._tenant = name
    if (
        "index_name" in own_defaults.keys() - from_file.keys()
        and settings.index_location == installation.index_location
    ):
        raise SettingsError(
            f"{path}: GW_INDEX_NAME: the installation's index is called {name}, and this bot has knowledge of its "
            "own: set another one here, or give the bot another name."
        )
    if settings.knowledge_dir == installation.knowledge_dir:  # then its index is the same, and in memory once
        settings._shared_index_dir = installation.index_dir
    return settings


def _derive_settings(installation: Settings, name: str, folder: Path, knowledge: str | None) -> dict[str, object]:
    """What follows from where a tenant is."""
    own_knowledge = folder / KNOWLEDGE_FOLDER
    url = installation.store_url
    hook = installation.webhook_url
    return {
        "knowledge_dir": folder / knowledge
        if knowledge
        else own_knowledge
        if own_knowledge.is_dir()
        else installation.knowledge_dir,
        "database_url": url if url.startswith(POSTGRESQL_PREFIXES) else f"{SQLITE_PREFIX}{folder / 'bot.db'}",
        "webhook_url": f"{hook}/{WEBHOOK_PATH}/{name}" if hook else None,
    }


def _explain_refusal(key: str) -> str:
    if key in {env_variable(field) for field in SHARED_FIELDS}:
        return f"{key} is the installation's and the same for all bots. Take it out here."
    if not re.fullmatch(r"[A-Z0-9_]+", key):  # it may be a token that was pasted without its name
        return "a line has not the form NAME=value."
    return f"{key} is no setting. The README lists those there are."


def write_tenant(installation: Settings, name: str, values: Mapping[str, object]) -> Path:
    """Make a tenant's folder with these settings and a secret for its webhook, disabled; returns the folder.

    Values that are None or empty are left out. Only the owner may read it.
    """
    folder = installation.tenants_root / validate_name(name)
    file_values = {field: str(value) for field, value in values.items() if value not in (None, "")}
    if any(not value.isprintable() for value in file_values.values()):
        raise SettingsError("A setting is a single line.")
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
