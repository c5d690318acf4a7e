"""The people requests are routed to, read from contacts.yaml."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from knowledge.errors import ContentError
from knowledge.parsing.addresses import is_mailable_address, is_phone_number
from knowledge.parsing.front_matter import NULL_TAG, YamlReader
from knowledge.parsing.text_file import read_text_file

CONTACTS_FILE = "contacts.yaml"
MAX_TEXT_LENGTH = 200
_REQUIRED_KEYS = ("id", "name", "role", "phone", "email")
_OPTIONAL_KEYS = ("default", "topics")


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
    reader = YamlReader(path, first_line=1)
    root = reader.parse_root(read_text_file(path))
    if reader.problems:
        raise ContentError(reader.problems)
    contacts_node = reader.read_mapping(root, ("contacts",)).get("contacts")
    contacts: list[Contact] = []
    for node in reader.read_list(contacts_node, "contacts"):
        contact = _read_contact(reader, node)
        if contact.id and contact.id in [other.id for other in contacts]:
            reader.add_problem(node, f"the id '{contact.id}' stands here a second time")
        contacts.append(contact)
    if contacts and sum(contact.default for contact in contacts) != 1:
        reader.add_problem(contacts_node, "exactly one contact must have 'default: true'")
    if reader.problems:
        raise ContentError(reader.problems)
    return tuple(contacts)


def default_contact(contacts: tuple[Contact, ...]) -> Contact:
    """The listed contact, who is asked where no other fits."""
    return next(contact for contact in contacts if contact.default)


def contact_for(contacts: tuple[Contact, ...], entry_id: str) -> Contact:
    """Who is asked about an entry first: the contact that names it, else the listed one."""
    matching = (contact for contact in contacts if entry_id and entry_id in contact.topics)
    return next(matching, None) or default_contact(contacts)


def _read_contact(reader: YamlReader, node: yaml.Node) -> Contact:
    values = reader.read_mapping(node, _REQUIRED_KEYS, _OPTIONAL_KEYS)
    texts = {key: reader.read_string(values.get(key), key, MAX_TEXT_LENGTH) for key in _REQUIRED_KEYS}
    if texts["email"] and not is_mailable_address(texts["email"]):
        message = f"'{texts['email']}' is no e-mail address; write one, without umlauts before the @"
        reader.add_problem(values["email"], message)
    if texts["phone"] and not is_phone_number(texts["phone"]):
        message = f"'{texts['phone']}' is no telephone number; write one, such as +49 30 123456"
        reader.add_problem(values["phone"], message)
    default, topics = reader.read_flag(values.get("default"), "default"), _read_topics(reader, values.get("topics"))
    return Contact(**texts, default=default, topics=topics)


def _read_topics(reader: YamlReader, node: yaml.Node | None) -> tuple[str, ...]:
    if isinstance(node, yaml.SequenceNode):
        return tuple(reader.read_string(item, "topics", MAX_TEXT_LENGTH) for item in node.value)
    if node is not None and node.tag != NULL_TAG:
        reader.add_problem(node, "'topics' must be a list of entry ids")
    return ()
