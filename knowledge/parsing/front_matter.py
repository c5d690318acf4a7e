"""YAML with values inside values, read strictly: every mistake is noted with its line."""

from dataclasses import dataclass, field
from pathlib import Path

import yaml

from knowledge.errors import Problem
from knowledge.parsing.strict_yaml import compose_node

NULL_TAG = "tag:yaml.org,2002:null"
BOOLEAN_WORDS = yaml.constructor.SafeConstructor.bool_values


@dataclass(slots=True)
class YamlReader:
    """Reads the values of one file's YAML; what is wrong is added to ``problems`` and reads as empty.

    ``first`` is the line on which it begins: the second, where it is front matter.
    """

    path: Path
    first_line: int = 2
    problems: list[Problem] = field(default_factory=list)

    def add_problem(self, node: yaml.Node | None, message: str) -> None:
        """Note a mistake at a value."""
        self.problems.append(Problem(self.path, node.start_mark.line + self.first_line if node else 1, message))

    def parse_root(self, text: str) -> yaml.Node | None:
        """All of it."""
        try:
            return compose_node(text)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            reason = getattr(error, "problem", None) or "unreadable"
            line = mark.line + self.first_line if mark else 1
            self.problems.append(Problem(self.path, line, f"not valid YAML: {reason}"))
            return None

    def read_mapping(
        self, node: yaml.Node | None, required: tuple[str, ...], optional: tuple[str, ...] = ()
    ) -> dict[str, yaml.Node]:
        """The values of a mapping; a key that is unknown, doubled or missing is a mistake."""
        if not isinstance(node, yaml.MappingNode):
            self.add_problem(node, f"expected lines of the form 'key: value' with {', '.join(required)}")
            return {}
        values: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if key.value not in required + optional:
                self.add_problem(key, f"unknown key '{key.value}'; known are {', '.join(required + optional)}")
            elif key.value in values:
                self.add_problem(key, f"the key '{key.value}' stands here a second time")
            else:
                values[key.value] = value
        for key in required:
            if key not in values:
                self.add_problem(node, f"the key '{key}' is missing")
        return values

    def read_string(self, node: yaml.Node | None, name: str, max_length: int) -> str:
        """One text of at most this many characters."""
        if node is None:
            return ""
        if not isinstance(node, yaml.ScalarNode) or node.tag == NULL_TAG or not node.value.strip():
            self.add_problem(node, f"'{name}' must be a text")
            return ""
        value = "\n".join(" ".join(line.split()) for line in node.value.strip().splitlines())
        if len(value) > max_length:
            self.add_problem(node, f"'{name}' has {len(value)} characters; at most {max_length} fit")
        return value

    def read_flag(self, node: yaml.Node | None, name: str) -> bool:
        """True or false; false where there is nothing."""
        if node is None:
            return False
        value = BOOLEAN_WORDS.get(node.value.lower()) if isinstance(node, yaml.ScalarNode) else None
        if value is None:
            self.add_problem(node, f"'{name}' must be true or false")
        return bool(value)

    def read_list(self, node: yaml.Node | None, name: str) -> list[yaml.Node]:
        """The items of a list that holds at least one."""
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            self.add_problem(node, f"'{name}' must be a list that is not empty")
            return []
        return list(node.value)
