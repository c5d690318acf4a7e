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

from bot.domain.tenant import MAIN
from bot.errors import SettingsError
from bot.settings import Settings, problems, variable
from bot.store.urls import POSTGRESQL, SQLITE

ENV = "tenant.env"
OFF = "disabled"  # a file of this name in the folder: the tenant does not run
KNOWLEDGE = "knowledge"
HOOKS = "tenants"  # below the installation's webhook
SHARED = frozenset(
    ("data_dir", "tenants_dir", "database_url", "port", "web_host", "webhook_url", "log_level", "log_format")
)
# Never taken over from the installation: a tenant's requests must not reach another's advisers.
OWN = frozenset(
    (
        "telegram_token",
        "webhook_secret",
        "adviser_chat_id",
        "adviser_ids",
        "operator",
        "operator_email",
    )
)
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


def checked(name: str) -> str:
    """The name, where it may be a tenant's; raises SettingsError."""
    if name == MAIN or not _NAME.fullmatch(name):
        raise SettingsError(
            "A tenant's name has 1 to 32 of a-z, 0-9 and -, does not begin with - and is not 'main', which is the "
            "installation's own bot."
        )
    return name


def names(settings: Settings) -> list[str]:
    """All tenants, in order."""
    found = settings.tenants.glob(f"*/{ENV}")
    return sorted(
        path.parent.name for path in found if _NAME.fullmatch(path.parent.name) and path.parent.name != MAIN
    )


def folder_of(settings: Settings, name: str) -> Path:
    """A tenant's folder; raises SettingsError where there is no such tenant."""
    folder = settings.tenants / checked(name)
    if not (folder / ENV).is_file():
        known = ", ".join(names(settings)) or "none yet"
        raise SettingsError(f"There is no tenant {name} (known: {known}). Make one: gwbot tenant add {name}")
    return folder


def is_enabled(settings: Settings, name: str) -> bool:
    """Whether a tenant is to run."""
    return not (settings.tenants / name / OFF).exists()


def tenant_settings(installation: Settings, name: str) -> Settings:
    """A tenant's settings; raises SettingsError naming its file and every variable that is wrong."""
    folder = folder_of(installation, name)
    path = folder / ENV
    fields = {variable(field): field for field in Settings.model_fields}
    try:
        given = dotenv_values(path, interpolate=False)
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read ({type(error).__name__}).") from None
    wrong = [_refused(key) for key in given if key not in fields or fields[key] in SHARED]
    if wrong:
        raise SettingsError("\n".join(f"{path}: {line}" for line in wrong))
    taken = {field: getattr(installation, field) for field in installation.model_fields_set - OWN - {"port"}}
    if "port" in installation.model_fields_set:
        taken["PORT"] = installation.port
    own = {field: Settings.model_fields[field].default for field in OWN}
    said = {fields[key]: value or Settings.model_fields[fields[key]].default for key, value in given.items()}
    placed = _placed(installation, name, folder, said.get("knowledge_dir"))
    if placed["knowledge_dir"] != installation.knowledge_dir:
        own["index_name"] = name  # in PostgreSQL beside the installation's, not in its place
    try:
        settings = Settings(**{**taken, **own, **said, **placed})
    except ValidationError as error:
        raise SettingsError("\n".join(f"{path}: {line}" for line in problems(error))) from None
    settings._tenant = name
    if "index_name" in own.keys() - said.keys() and settings.index_location == installation.index_location:
        raise SettingsError(
            f"{path}: GW_INDEX_NAME: the installation's index is called {name}, and this bot has knowledge of its "
            "own: set another one here, or give the bot another name."
        )
    if settings.knowledge_dir == installation.knowledge_dir:  # then its index is the same, and in memory once
        settings._index = installation.index_dir
    return settings


def _placed(installation: Settings, name: str, folder: Path, knowledge: str | None) -> dict[str, object]:
    """What follows from where a tenant is."""
    own = folder / KNOWLEDGE
    url = installation.store_url
    hook = installation.webhook_url
    return {
        "knowledge_dir": folder / knowledge if knowledge else own if own.is_dir() else installation.knowledge_dir,
        "database_url": url if url.startswith(POSTGRESQL) else f"{SQLITE}{folder / 'bot.db'}",
        "webhook_url": f"{hook}/{HOOKS}/{name}" if hook else None,
    }


def _refused(key: str) -> str:
    if key in {variable(field) for field in SHARED}:
        return f"{key} is the installation's and the same for all bots. Take it out here."
    if not re.fullmatch(r"[A-Z0-9_]+", key):  # it may be a token that was pasted without its name
        return "a line has not the form NAME=value."
    return f"{key} is no setting. The README lists those there are."


def write(installation: Settings, name: str, values: Mapping[str, object]) -> Path:
    """Make a tenant's folder with these settings and a secret for its webhook, disabled; returns the folder.

    Values that are None or empty are left out. Only the owner may read it.
    """
    folder = installation.tenants / checked(name)
    kept = {field: str(value) for field, value in values.items() if value not in (None, "")}
    if any(not value.isprintable() for value in kept.values()):
        raise SettingsError("A setting is a single line.")
    kept["webhook_secret"] = secrets.token_urlsafe(32)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / OFF).touch()
    file = os.open(folder / ENV, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(file, "w", encoding="utf-8") as opened:
        opened.writelines(f"{variable(field)}={_quoted(value)}\n" for field, value in kept.items())
    return folder


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
