"""Figures on the structure of the code, computed for small programs."""

import ast
from collections.abc import Mapping
from pathlib import Path

import pytest

from tools.code_figures import (
    count_parameters,
    find_circles,
    find_imports,
    find_upward_imports,
    has_one_word,
    is_special,
    main,
    measure,
    read_modules,
)

RULES = """
[[tool.importlinter.contracts]]
name = "floors"
type = "layers"
layers = ["bot", "index | prompts", "knowledge"]
"""


def write_program(root: Path, files: Mapping[str, str]) -> Path:
    """Create a checkout with these files and the rules above."""
    for name, text in {"pyproject.toml": RULES, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("name", "one_word"), [("told", True), ("_told", True), ("find_entry", False), ("_find_entry", False)]
)
def test_underscores_around_a_name_separate_no_words(name: str, one_word: bool) -> None:
    """Only an underscore inside a name makes a second word."""
    assert has_one_word(name) is one_word


def test_special_methods_are_recognised() -> None:
    """A name is special if it has two underscores on both sides."""
    assert is_special("__call__")
    assert not is_special("__private")


@pytest.mark.parametrize(
    ("signature", "count"),
    [("a, /, b, *, c=1", 3), ("self, a", 1), ("cls, *, a", 1), ("*args, **kwargs", 0), ("a, self", 2)],
)
def test_parameters_are_counted_without_self(signature: str, count: int) -> None:
    """Named parameters of every kind count; the instance or class, ``*args`` and ``**kwargs`` do not."""
    function = ast.parse(f"def method({signature}): ...").body[0]
    assert isinstance(function, ast.FunctionDef)

    assert count_parameters(function) == count


def test_imports_are_found_wherever_they_are(tmp_path: Path) -> None:
    """All imports count: absolute or relative, of modules or names in them, in functions or for types alone."""
    write_program(
        tmp_path,
        {
            "bot/__init__.py": "from .log import set_up\n",
            "bot/log.py": "import index.search\n",
            "bot/app.py": "from bot import log\nfrom index.search import Searcher\nimport json\n",
            "bot/cli.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from . import app\n",
            "index/search.py": "def search():\n    from knowledge import entry\n",
            "knowledge/entry.py": "",
        },
    )

    imports = find_imports(read_modules(tmp_path, ["bot", "index", "knowledge", "prompts"]))

    assert imports == {
        "bot": {"bot.log"},
        "bot.log": {"index.search"},
        "bot.app": {"bot.log", "index.search"},
        "bot.cli": {"bot.app"},
        "index.search": {"knowledge.entry"},
        "knowledge.entry": set(),
    }


def test_circle_of_several_modules_is_found() -> None:
    """Modules that import each other through others form one circle; one that only leads into it is outside."""
    links = {"a": "b", "b": "c", "c": "a", "d": "a", "e": ""}
    imports = {module: frozenset(others) for module, others in links.items()}

    assert find_circles(imports) == [("a", "b", "c")]


def test_upward_and_sideways_imports_are_reported() -> None:
    """An import of a higher floor, or between independent layers of one floor, is upward."""
    imports = {
        "bot.app": frozenset({"index.search", "knowledge.entry"}),
        "index.search": frozenset({"prompts.render", "knowledge.entry"}),
        "prompts.render": frozenset[str](),
        "knowledge.entry": frozenset({"bot.app"}),
    }
    layers = {"type": "layers", "layers": ["bot", "index | prompts", "knowledge"]}

    assert find_upward_imports(imports, [layers, {"type": "forbidden"}]) == [
        "index.search -> prompts.render",
        "knowledge.entry -> bot.app",
    ]


def test_layers_within_a_container_are_resolved() -> None:
    """The layers of a contract with containers are names within each of them."""
    imports = {"bot.store.sql": frozenset({"bot.app.run"}), "bot.app.run": frozenset({"bot.store.sql"})}

    upward = find_upward_imports(imports, [{"type": "layers", "layers": ["app", "(store)"], "containers": ["bot"]}])

    assert upward == ["bot.store.sql -> bot.app.run"]


def test_checkout_is_measured(tmp_path: Path) -> None:
    """Every figure is computed over the program, of which tests are no part."""
    write_program(
        tmp_path,
        {
            "bot/__init__.py": "",
            "bot/log.py": "def told(a, b, c, d, e, f): ...\n\n\ndef set_up(): ...\n",
            "bot/flows/start.py": "x = 1\n" * 401,
            "tests/test_log.py": "def test(): ...\n",
        },
    )

    values = measure(tmp_path).values

    assert values["modules in the root of bot/"] == "2"
    assert values["modules without __init__.py"] == "2"
    assert values["modules of at most 50 lines"] == "1"
    assert values["lines of program"] == "405"
    assert values["function names of one word"] == "1 (50%)"
    assert values["functions with more than 5 parameters"] == "1"
    assert values["longest file"] == f"{Path('bot/flows/start.py')} (401)"
    assert values["files above 400 lines"] == "1"


def test_two_checkouts_are_shown_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The checkout to compare with comes first, and the lists are those of the measured one."""
    before = write_program(tmp_path / "before", {"bot/a.py": "import bot.b\n", "bot/b.py": "import bot.a\n"})
    now = write_program(tmp_path / "now", {"bot/a.py": ""})

    main([str(now), "--against", str(before), "--list"])

    printed = capsys.readouterr().out
    circles = next(line for line in printed.splitlines() if line.startswith("import circles"))
    assert printed.split()[:2] == ["before", "now"]
    assert circles.split()[2:] == ["1", "0"]
    assert "Import circles:\n  none\n" in printed
