"""The people who receive requests, read from contacts.yaml."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from knowledge.parsing.addresses import is_mailable_address, is_phone_number
from knowledge.parsing.strict_yaml import StrictYaml, Text, invalid, strict_keys
from knowledge.parsing.text_file import read_text_file

CONTACTS_FILE = "contacts.yaml"
_ShortText = Annotated[Text, Field(max_length=200)]


def _check_email(email: str) -> str:
    if not is_mailable_address(email):
        raise invalid("not_email", value=email)
    return email


def _check_phone(phone: str) -> str:
    if not is_phone_number(phone):
        raise invalid("not_phone", value=phone)
    return phone


@strict_keys
@dataclass(frozen=True, slots=True)
class Contact:
    """A listed contact. ``topics`` are the ids of the entries this contact is responsible for.

    ``role_en`` is the role in English; without it, the role is shown as it is. ``desk`` is the name of the advisers'
    group for requests on these topics; without it, they go to the group of all other requests.
    """

    id: _ShortText
    name: _ShortText
    role: _ShortText
    phone: Annotated[_ShortText, AfterValidator(_check_phone)]
    email: Annotated[_ShortText, AfterValidator(_check_email)]
    role_en: Annotated[str, Field(max_length=200)] = ""
    default: bool = False
    topics: Annotated[tuple[_ShortText, ...], BeforeValidator(lambda value: [] if value is None else value)] = ()
    desk: Annotated[str, Field(max_length=40)] = ""

    def role_in(self, lang: str) -> str:
        """Return the role in a language."""
        return self.role_en or self.role if lang == "en" else self.role


def _check_one_default(contacts: tuple[Contact, ...]) -> tuple[Contact, ...]:
    if sum(contact.default for contact in contacts) != 1:
        raise invalid("one_default")
    return contacts


@strict_keys
@dataclass(frozen=True, slots=True)
class _ContactsFile:
    contacts: Annotated[tuple[Contact, ...], Field(min_length=1), AfterValidator(_check_one_default)]


def read_contacts(path: Path) -> tuple[Contact, ...]:
    """Read all contacts, exactly one of which is the default; raise ContentError with every mistake."""
    return StrictYaml(path, read_text_file(path)).validate(_ContactsFile).contacts


def default_contact(contacts: tuple[Contact, ...]) -> Contact:
    """Return the contact for requests on any other topic."""
    return next(contact for contact in contacts if contact.default)


def contact_for(contacts: tuple[Contact, ...], entry_id: str) -> Contact:
    """Return the contact with this entry among its topics, else the default."""
    matching = (contact for contact in contacts if entry_id and entry_id in contact.topics)
    return next(matching, None) or default_contact(contacts)
