"""docs/architecture.md describes the code as it is."""

import ast
import re
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tools.code_figures import main as measure_code

DOCUMENT = (ROOT / "docs" / "architecture.md").read_text("utf-8")
WALKS = re.findall(r"```mermaid\n(.*?)```", DOCUMENT, re.S)
NODE = re.compile(r'(\w+)\["(\S+)<br>(\S+)"\]')
ARROW = re.compile(r"(-->|-\..*?\.->)")
PACKAGES = ("bot", "index", "knowledge", "prompts")


def find_function(file: str, name: str) -> ast.AST | None:
    """Return the function or method with this qualified name, if the file has one."""
    scope: ast.AST = ast.parse((ROOT / file).read_text("utf-8"))
    for part in name.split("."):
        for node in ast.iter_child_nodes(scope):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name == part:
                scope = node
                break
        else:
            return None
    return scope


def names_in(function: ast.AST) -> set[str]:
    """Return all names and attributes that a function uses."""
    return {node.id for node in ast.walk(function) if isinstance(node, ast.Name)} | {
        node.attr for node in ast.walk(function) if isinstance(node, ast.Attribute)
    }


@pytest.mark.parametrize("walk", WALKS, ids=["question", "request", "file"])
def test_walk_matches_the_code(walk: str) -> None:
    """Each node of a walk is a function, and each solid arrow a call that it makes."""
    nodes = {name: (file, function) for name, file, function in NODE.findall(walk)}
    functions = {name: find_function(*place) for name, place in nodes.items()}
    calls = []
    for line in walk.splitlines():
        parts = ARROW.split(line)
        if len(parts) > 1:
            names = [part.strip() for part in parts[::2]]
            calls += [
                (caller, callee)
                for caller, arrow, callee in zip(names, parts[1::2], names[1:], strict=False)
                if arrow == "-->"
            ]

    assert {name for name, function in functions.items() if function is None} == set()
    assert {
        (caller, callee)
        for caller, callee in calls
        if nodes[callee][1].split(".")[-1] not in names_in(functions[caller] or ast.Pass())
    } == set()


def test_every_room_is_on_the_map() -> None:
    """Each package with code is in the tree of rooms, and no other."""
    tree = DOCUMENT.split("```")[1]
    drawn, parents = set[str](), list[str]()
    for line in tree.strip().splitlines():
        names = re.match(r"( *)((?:\w+/ ?)+)", line)
        assert names, line
        level = len(names[1]) // 2
        parents = parents[:level]
        for name in names[2].split():
            drawn.add("/".join((*parents, name.rstrip("/"))))
        parents.append(names[2].split()[0].rstrip("/"))
    rooms = {str(path.parent.relative_to(ROOT)) for package in PACKAGES for path in (ROOT / package).rglob("*.py")}

    depth_two = {room for room in rooms if room.count("/") < 2}
    assert {room for room in depth_two if room not in drawn} == set()
    assert {room for room in drawn if not (ROOT / room).is_dir()} == set()


def test_every_term_is_used() -> None:
    """The glossary explains only terms that the code uses."""
    glossary = DOCUMENT.split("## Terms")[1].split("## Three walks")[0]
    terms = {term.strip() for row in re.findall(r"^\| ([^|]+) \|", glossary, re.M)[2:] for term in row.split(",")}
    code = " ".join(
        path.read_text("utf-8") for package in PACKAGES for path in Path(ROOT, package).rglob("*.py")
    ).lower()

    assert {term for term in terms if term not in code and term.replace(" ", "_") not in code} == set()


def test_no_two_modules_import_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    """The program has no import circles, not even for types only."""
    measure_code([str(ROOT)])

    circles = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("import circles"))
    assert circles.split()[2:] == ["0"]
