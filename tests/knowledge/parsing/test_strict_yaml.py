"""YAML is validated against a dataclass: values keep their spelling, and every mistake is reported with its line."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from knowledge.errors import ContentError
from knowledge.parsing.strict_yaml import StrictYaml, Text, strict_keys


@strict_keys
@dataclass(frozen=True, slots=True)
class Plant:
    """An item in a list."""

    id: Text
    edible: bool = False
    names: tuple[Text, ...] = ()


@strict_keys
@dataclass(frozen=True, slots=True)
class Garden:
    """The content of a file; its name is passed separately."""

    name: str
    plants: tuple[Plant, ...]


def problems_of(text: str) -> list[str]:
    """Return the problems of a text, each beginning with its line."""
    path = Path("garden.yaml")
    with pytest.raises(ContentError) as caught:
        StrictYaml(path, text).validate(Garden, name="east")
    return [str(problem).removeprefix("garden.yaml:") for problem in caught.value.problems]


def test_scalars_keep_their_spelling() -> None:
    """Only the dataclass turns a word into a boolean; in text, words and numbers stay as they are written."""
    text = "plants:\n  - {id: 007, edible: yes, names: [no, 1.50, sea  kale]}"

    garden = StrictYaml(Path("garden.yaml"), text).validate(Garden, name="east")

    assert garden == Garden("east", (Plant("007", True, ("no", "1.50", "sea kale")),))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("plants:\n  - id: a\n    colour: red", "3: unknown key 'colour'; known are id, edible, names"),
        ("plants: []\nname: west", "2: unknown key 'name'"),
        ("plants: []\ncolour: red", "2: unknown key 'colour'; known are plants"),
        ("plants:\n  - id: a\n  - id: a", "3: the id 'a' is used a second time"),
        ("plants:\n  - id: a\n    id: b", "3: the key 'id' is used a second time"),
        ("plants:\n  - names: [a]", "2: the key 'id' is missing"),
        ("plants:\n  - id: a\n    names:\n      - [b]", "4: 'names' must be text"),
        ("plants:\n  - id: a\n    edible: perhaps", "3: 'edible' must be true or false"),
        ("plants: []\n? [a]\n: b", "2: a key must be a word"),
        ("plants:\n  - &a {id: a}\n  - id: *a", "3: the text begins with '*'; put it in quotation marks"),
        ("# nothing", "1: the key 'plants' is missing"),
        ("- id: a", "1: expected lines of the form 'key: value'"),
    ],
)
def test_mistake_is_reported_with_its_line(text: str, problem: str) -> None:
    """Each error says what is wrong and, if that helps, what is allowed."""
    assert problems_of(text) == [problem]


def test_all_mistakes_are_reported() -> None:
    """Mistakes of structure and of values are reported together, in the order of their lines."""
    assert [problem.partition(":")[0] for problem in problems_of("plants:\n  - edible: x\n  - id:\n    id: b")] == [
        "2",
        "2",
        "3",
        "4",
    ]


def test_keys_can_be_ignored() -> None:
    """With ``only_keys``, other keys may have any value, and may even be repeated."""
    text = "plants: []\ndraft: 1\ndraft: 2"

    assert StrictYaml(Path("garden.yaml"), text, only_keys=["plants"]).validate(Garden, name="east").plants == ()
