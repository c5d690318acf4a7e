"""contacts.yaml is read strictly: contacts must be reachable, and every mistake is reported with its line."""

from pathlib import Path

import pytest

from knowledge.errors import ContentError
from knowledge.records.contacts import read_contacts

VALID = """# Ansprechpersonen
contacts:
  - id: koeln
    name: Bürgerstiftung Köln
    role: Beratung
    phone: "0221 120 15 00"
    email: info@bürgerstiftung-köln.de
    default: true
    topics: [backbone]
  - id: amt
    name: Amt
    role: Auskunft
    phone: 115
    email: auskunft@amt.local
    topics:
"""


def problems_of(folder: Path, text: str) -> str:
    """Return the problems of a file with this text, each with its line at the beginning."""
    path = folder / "contacts.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        read_contacts(path)
    except ContentError as error:
        return "\n".join(str(problem).removeprefix(f"{path}:") for problem in error.problems)
    return ""


def test_valid_contacts_are_read_unchanged(tmp_path: Path) -> None:
    """A domain with umlauts, a short number and a local address are read unchanged."""
    (tmp_path / "contacts.yaml").write_text(VALID, encoding="utf-8")

    first, second = read_contacts(tmp_path / "contacts.yaml")

    assert (first.email, first.phone, first.default) == ("info@bürgerstiftung-köln.de", "0221 120 15 00", True)
    assert (first.topics, second.topics, second.default) == (("backbone",), (), False)
    assert (second.email, second.phone) == ("auskunft@amt.local", "115")


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("info@bürgerstiftung-köln.de", "kein at", "7: 'kein at' is not an e-mail address"),
        ("info@bürgerstiftung-köln.de", "a@b.de, c@d.de", "7: 'a@b.de, c@d.de' is not an e-mail address"),
        ("info@bürgerstiftung-köln.de", "köln@stiftung.de", "7: 'köln@stiftung.de' is not an e-mail address"),
        ('"0221 120 15 00"', "folgt", "6: 'folgt' is not a telephone number"),
        ('"0221 120 15 00"', "0221 1201500 1201501 1201502", "6: '0221 1201500 1201501 1201502' is not a telephone"),
        ("    role: Beratung\n", "", "3: the key 'role' is missing"),
        ("    role: Beratung\n", "    fax: 1\n    role: B\n", "5: unknown key 'fax'"),
        ("    role: Beratung\n", "    role: B\n    role: C\n", "6: the key 'role' is used a second time"),
        ("name: Amt", "name:", "11: 'name' must be text"),
        ("name: Amt", "name: ~", "11: 'name' must be text"),
        ("name: Amt", "name: [Amt]", "11: 'name' must be text"),
        ("id: amt", "id: koeln", "10: the id 'koeln' is used a second time"),
        ("default: true", "default: ja", "8: 'default' must be true or false"),
        ("default: true", "default: false", "2: exactly one contact must have 'default: true'"),
        ("topics: [backbone]", "topics: backbone", "9: 'topics' must be a list"),
        ("topics: [backbone]", "topics: [{a: b}]", "9: 'topics' must be text"),
        ("contacts:\n", "contact:\n", "2: the key 'contacts' is missing"),
    ],
)
def test_mistake_is_reported_with_its_line(tmp_path: Path, right: str, wrong: str, message: str) -> None:
    """Unusable addresses, missing, unknown or repeated keys, and wrong types are reported with their line."""
    assert right in VALID

    assert message in problems_of(tmp_path, VALID.replace(right, wrong))


def test_all_mistakes_are_reported(tmp_path: Path) -> None:
    """Every mistake is reported, not only the first."""
    messages = problems_of(tmp_path, VALID.replace("info@bürgerstiftung-köln.de", "kein at").replace("115", "folgt"))

    assert [line.partition(":")[0] for line in messages.splitlines()] == ["7", "13"]
