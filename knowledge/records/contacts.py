"""The people requests are routed to, read from contacts.yaml."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from knowledge.errors import ContentError
from knowledge.parsing.addresses import can_be_called, can_be_mailed
from knowledge.parsing.front_matter import NULL, Front
from knowledge.parsing.text_file import read_text

CONTACTS = "contacts.yaml"
MAX_TEXT = 200
_NEEDED = ("id", "name", "role", "phone", "email")
_MORE = ("default", "topics")


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
    """All contacts; exactly one is the default. Raises ContentError with every problem found."""
    front = Front(path, first=1)
    root = front.root(read_text(path))
    if front.problems:
        raise ContentError(front.problems)
    listed = front.keys(root, ("contacts",)).get("contacts")
    contacts: list[Contact] = []
    for node in front.items(listed, "contacts"):
        contact = _contact(front, node)
        if contact.id and contact.id in [other.id for other in contacts]:
            front.wrong(node, f"the id '{contact.id}' stands here a second time")
        contacts.append(contact)
    if contacts and sum(contact.default for contact in contacts) != 1:
        front.wrong(listed, "exactly one contact must have 'default: true'")
    if front.problems:
        raise ContentError(front.problems)
    return tuple(contacts)


def default_contact(contacts: tuple[Contact, ...]) -> Contact:
    """The listed contact, who is asked where no other fits."""
    return next(contact for contact in contacts if contact.default)


def contact_for(contacts: tuple[Contact, ...], entry: str) -> Contact:
    """Who is asked about an entry first: the contact that names it, else the listed one."""
    named = (contact for contact in contacts if entry and entry in contact.topics)
    return next(named, None) or default_contact(contacts)


def _contact(front: Front, node: yaml.Node) -> Contact:
    values = front.keys(node, _NEEDED, _MORE)
    texts = {key: front.text(values.get(key), key, MAX_TEXT) for key in _NEEDED}
    if texts["email"] and not can_be_mailed(texts["email"]):
        message = f"'{texts['email']}' is no e-mail address; write one, without umlauts before the @"
        front.wrong(values["email"], message)
    if texts["phone"] and not can_be_called(texts["phone"]):
        message = f"'{texts['phone']}' is no telephone number; write one, such as +49 30 123456"
        front.wrong(values["phone"], message)
    default, topics = front.flag(values.get("default"), "default"), _topics(front, values.get("topics"))
    return Contact(**texts, default=default, topics=topics)


def _topics(front: Front, node: yaml.Node | None) -> tuple[str, ...]:
    if isinstance(node, yaml.SequenceNode):
        return tuple(front.text(item, "topics", MAX_TEXT) for item in node.value)
    if node is not None and node.tag != NULL:
        front.wrong(node, "'topics' must be a list of entry ids")
    return ()
