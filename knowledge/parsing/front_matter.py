"""YAML with values inside values, read strictly: every mistake is noted with its line."""

from dataclasses import dataclass, field
from pathlib import Path

import yaml

from knowledge.errors import Problem
from knowledge.parsing.strict_yaml import compose

NULL = "tag:yaml.org,2002:null"
FLAGS = yaml.constructor.SafeConstructor.bool_values


@dataclass(slots=True)
class Front:
    """Reads the values of one file's YAML; what is wrong is added to ``problems`` and reads as empty.

    ``first`` is the line on which it begins: the second, where it is front matter.
    """

    path: Path
    first: int = 2
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, node: yaml.Node | None, message: str) -> None:
        """Note a mistake at a value."""
        self.problems.append(Problem(self.path, node.start_mark.line + self.first if node else 1, message))

    def root(self, text: str) -> yaml.Node | None:
        """All of it."""
        try:
            return compose(text)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            what = getattr(error, "problem", None) or "unreadable"
            line = mark.line + self.first if mark else 1
            self.problems.append(Problem(self.path, line, f"not valid YAML: {what}"))
            return None

    def keys(
        self, node: yaml.Node | None, needed: tuple[str, ...], more: tuple[str, ...] = ()
    ) -> dict[str, yaml.Node]:
        """The values of a mapping; a key that is unknown, doubled or missing is a mistake."""
        if not isinstance(node, yaml.MappingNode):
            self.wrong(node, f"expected lines of the form 'key: value' with {', '.join(needed)}")
            return {}
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if key.value not in needed + more:
                self.wrong(key, f"unknown key '{key.value}'; known are {', '.join(needed + more)}")
            elif key.value in found:
                self.wrong(key, f"the key '{key.value}' stands here a second time")
            else:
                found[key.value] = value
        for key in needed:
            if key not in found:
                self.wrong(node, f"the key '{key}' is missing")
        return found

    def text(self, node: yaml.Node | None, what: str, most: int) -> str:
        """One text of at most this many characters."""
        if node is None:
            return ""
        if not isinstance(node, yaml.ScalarNode) or node.tag == NULL or not node.value.strip():
            self.wrong(node, f"'{what}' must be a text")
            return ""
        value = "\n".join(" ".join(line.split()) for line in node.value.strip().splitlines())
        if len(value) > most:
            self.wrong(node, f"'{what}' has {len(value)} characters; at most {most} fit")
        return value

    def flag(self, node: yaml.Node | None, what: str) -> bool:
        """True or false; false where there is nothing."""
        if node is None:
            return False
        value = FLAGS.get(node.value.lower()) if isinstance(node, yaml.ScalarNode) else None
        if value is None:
            self.wrong(node, f"'{what}' must be true or false")
        return bool(value)

    def items(self, node: yaml.Node | None, what: str) -> list[yaml.Node]:
        """The items of a list that holds at least one."""
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            self.wrong(node, f"'{what}' must be a list that is not empty")
            return []
        return list(node.value)
