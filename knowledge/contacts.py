"""The people requests are routed to, read from contacts.yaml."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from knowledge.entry import read_text
from knowledge.errors import ContentError, Problem
from knowledge.safe_yaml import load

CONTACTS = "contacts.yaml"


@dataclass(frozen=True, slots=True)
class Contact:
    """A listed contact. ``topics`` are entry ids this contact is asked about first."""

    id: str
    name: str
    role: str
    phone: str
    email: str
    default: bool = False
    topics: tuple[str, ...] = ()


def read_contacts(path: Path) -> tuple[Contact, ...]:
    """All contacts; exactly one is the default. Raises ContentError where the file is not of that form."""
    data = load(path, read_text(path))
    items = data.get("contacts") if isinstance(data, dict) else None
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise _problem(path, "expected a list of contacts under the key 'contacts'")
    contacts = tuple(_contact(path, item) for item in items)
    if sum(contact.default for contact in contacts) != 1:
        raise _problem(path, "exactly one contact must have 'default: true'")
    return contacts


def default_contact(contacts: tuple[Contact, ...]) -> Contact:
    """The listed contact, who is asked where no other fits."""
    return next(contact for contact in contacts if contact.default)


def contact_for(contacts: tuple[Contact, ...], entry: str) -> Contact:
    """Who is asked about an entry first: the contact that names it, else the listed one."""
    named = (contact for contact in contacts if entry and entry in contact.topics)
    return next(named, None) or default_contact(contacts)


def _contact(path: Path, item: dict[str, Any]) -> Contact:
    known = {field.name for field in fields(Contact)}
    if unknown := set(item) - known:
        raise _problem(path, f"unknown key '{min(map(str, unknown))}'; known are {', '.join(sorted(known))}")
    for key in ("id", "name", "role", "phone", "email"):
        if not isinstance(item.get(key), str) or not item[key].strip():
            raise _problem(path, f"a contact has no '{key}' (a text in quotation marks)")
    if not isinstance(item.get("default", False), bool):
        raise _problem(path, "'default' must be true or false")
    topics = item.get("topics") or []
    if not isinstance(topics, list) or not all(isinstance(topic, str) for topic in topics):
        raise _problem(path, "'topics' must be a list of entry ids")
    return Contact(**{**item, "topics": tuple(topics)})


def _problem(path: Path, message: str) -> ContentError:
    return ContentError([Problem(path, 1, message)])
