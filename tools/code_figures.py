"""Print figures on the structure of the code: `python -m tools.code_figures [ROOT] [--against ROOT] [--list]`.

How each figure is counted:

* The program is every .py file below the folders in `PROGRAM`. All their lines are counted, including blank ones.
* A small module has at most `SMALL` lines; `__init__.py` files are left out.
* A function is any `def`, including methods and nested functions. Its name is one word if it has no underscore
  except leading and trailing ones; special methods (`__init__`) are left out of the count of names.
* Parameters are positional and keyword-only ones without `self` and `cls`; `*args` and `**kwargs` are not counted.
* An import circle is a strongly connected component of more than one module.
* An upward import contradicts a contract of type "layers" in the checkout's own pyproject.toml. Only direct imports
  are examined, and `ignore_imports` is not honoured; `lint-imports` is authoritative.
"""

import argparse
import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools import PROJECT_ROOT

PROGRAM = ("bot", "index", "knowledge", "prompts", "tools")
SMALL, LONG = 50, 400  # lines of a module
MAX_PARAMETERS = 5
Function = ast.FunctionDef | ast.AsyncFunctionDef
Imports = Mapping[str, frozenset[str]]  # module -> modules that it imports


@dataclass(frozen=True, slots=True)
class Module:
    """A source file: its dotted name, its path relative to the root, its number of lines and its syntax tree."""

    name: str
    path: Path
    lines: int
    tree: ast.Module


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one checkout by name, in the order in which they are printed, and lists that explain some."""

    values: Mapping[str, str]
    lists: Mapping[str, Sequence[str]]


def read_modules(root: Path, packages: Iterable[str]) -> list[Module]:
    """Parse every module of some top-level packages below ``root``, sorted by path; skip missing packages."""
    modules = []
    for path in sorted(file for package in packages for file in (root / package).rglob("*.py")):
        relative, text = path.relative_to(root), path.read_text("utf-8")
        parts = relative.with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        modules.append(Module(name, relative, len(text.splitlines()), ast.parse(text)))
    return modules


def find_imports(modules: Sequence[Module]) -> Imports:
    """Map each module to those of ``modules`` that it imports.

    Imports inside functions and under `TYPE_CHECKING` count. A package does not count as imported just because one of
    its modules is.
    """
    module_names = {module.name for module in modules}
    imports = {}
    for module in modules:
        candidates = (name for node in ast.walk(module.tree) for name in _imported_names(module, node))
        imported = {name if name in module_names else name.rpartition(".")[0] for name in candidates}
        imports[module.name] = frozenset(imported & module_names - {module.name})
    return imports


def _imported_names(module: Module, node: ast.AST) -> Iterator[str]:
    """Yield the absolute names that a statement imports: modules, or attributes of modules."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        package = module.path.parent.parts[: len(module.path.parts) - node.level] if node.level else ()
        base = ".".join((*package, *([node.module] if node.module else ())))
        yield from (f"{base}.{alias.name}" for alias in node.names)


def find_circles(imports: Imports) -> list[tuple[str, ...]]:
    """Return the strongly connected components of more than one module, each sorted by name."""
    reachable = {module: _reachable_from(module, imports) for module in imports}
    components = {
        tuple(sorted(other for other in reachable[module] if module in reachable[other])) for module in imports
    }
    return sorted(component for component in components if len(component) > 1)


def _reachable_from(module: str, imports: Imports) -> frozenset[str]:
    reached: set[str] = set()
    pending = [module]
    while pending:
        new = imports[pending.pop()] - reached
        reached |= new
        pending += new
    return frozenset(reached)


def find_upward_imports(imports: Imports, contracts: Iterable[Mapping[str, object]]) -> list[str]:
    """Return the imports that contradict the contracts of type "layers", as "importer -> imported", sorted.

    ``contracts`` are tables as import-linter reads them from pyproject.toml, with ``layers`` from top to bottom.
    """
    upward = set()
    for contract in contracts:
        if contract["type"] != "layers":
            continue
        layers, containers = contract["layers"], contract.get("containers", [""])
        assert isinstance(layers, list)
        assert isinstance(containers, list)
        for container in containers:
            placed = _place_modules(imports, layers, container)
            for module, (floor, layer, independent) in placed.items():
                for other in imports[module] & placed.keys():
                    other_floor, other_layer, _ = placed[other]
                    across = independent and floor == other_floor and layer != other_layer
                    if other_floor < floor or across:
                        upward.add(f"{module} -> {other}")
    return sorted(upward)


def _place_modules(imports: Imports, layers: Sequence[str], container: str) -> dict[str, tuple[int, str, bool]]:
    """Map each module to its floor (0 is the top), its layer, and whether that floor's layers are independent.

    Modules of no layer are left out. Independent layers (written "a | b") must not import each other, unlike "a : b".
    """
    placed = {}
    for floor, line in enumerate(layers):
        for layer in re.split(r"[|:]", line):
            package = ".".join(part for part in (container, layer.strip(" ()")) if part)
            for module in imports:
                if f"{module}.".startswith(f"{package}."):
                    placed[module] = floor, package, "|" in line
    return placed


def find_functions(module: Module) -> Iterator[Function]:
    """Yield the functions of a module, special methods, other methods and nested functions included."""
    for node in ast.walk(module.tree):
        if isinstance(node, Function):
            yield node


def is_special(name: str) -> bool:
    """Return whether a name is reserved for Python's special methods, as ``__init__`` is."""
    return name.startswith("__") and name.endswith("__")


def has_one_word(name: str) -> bool:
    """Return whether a function name consists of a single word."""
    return "_" not in name.strip("_")


def count_parameters(function: Function) -> int:
    """Count the named parameters of a function without ``self`` and ``cls``."""
    arguments = function.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    return len(names) + len(arguments.kwonlyargs) - (names[:1] in (["self"], ["cls"]))


def measure(root: Path) -> Figures:
    """Measure the checkout at ``root``; its pyproject.toml is read for the contracts of import-linter."""
    modules = read_modules(root, PROGRAM)
    functions = [(module, function) for module in modules for function in find_functions(module)]
    names = [function.name for _, function in functions if not is_special(function.name)]
    single = sum(map(has_one_word, names))
    ordinary = [module for module in modules if module.path.name != "__init__.py"]
    small = [module for module in ordinary if module.lines <= SMALL]
    wide = [
        f"{module.name}.{function.name} ({count})"
        for module, function in functions
        if (count := count_parameters(function)) > MAX_PARAMETERS
    ]
    imports = find_imports(modules)
    circles = [" <-> ".join(circle) for circle in find_circles(imports)]
    rules = tomllib.loads((root / "pyproject.toml").read_text("utf-8")).get("tool", {}).get("importlinter", {})
    upward = find_upward_imports(imports, rules.get("contracts", []))
    long = [f"{module.path} ({module.lines})" for module in modules if module.lines > LONG]
    longest = max(modules, key=lambda module: module.lines)
    values = {
        "modules in the root of bot/": str(sum(module.path.parent == Path("bot") for module in modules)),
        "modules without __init__.py": str(len(ordinary)),
        f"modules of at most {SMALL} lines": str(len(small)),
        "lines of program": f"{sum(module.lines for module in modules):,}",
        "functions without special methods": f"{len(names):,}",
        "function names of one word": f"{single:,} ({single / max(len(names), 1):.0%})",
        f"functions with more than {MAX_PARAMETERS} parameters": str(len(wide)),
        "import circles": str(len(circles)),
        "upward imports": str(len(upward)),
        "longest file": f"{longest.path} ({longest.lines})",
        f"files above {LONG} lines": str(len(long)),
    }
    lists = {
        f"Modules of at most {SMALL} lines": [f"{module.path} ({module.lines})" for module in small],
        f"Functions with more than {MAX_PARAMETERS} parameters": wide,
        "Import circles": circles,
        "Upward imports": upward,
        f"Files above {LONG} lines": long,
    }
    return Figures(values, lists)


def format_table(columns: Mapping[str, Figures]) -> str:
    """Return a table with a column for each checkout, headed by the keys of ``columns``."""
    names = next(iter(columns.values())).values
    lines = [("", *columns), *((name, *(figures.values[name] for figures in columns.values())) for name in names)]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    rows = ((cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
    return "\n".join("  ".join(row).rstrip() for row in rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures of a checkout, next to those of another one if ``--against`` names it."""
    parser = argparse.ArgumentParser(prog="python -m tools.code_figures", description="Figures on the code.")
    parser.add_argument("root", nargs="?", type=Path, default=PROJECT_ROOT, help="checkout to measure")
    parser.add_argument("--against", type=Path, metavar="ROOT", help="another checkout to compare with, shown first")
    parser.add_argument("--list", action="store_true", help="also list what the figures of ROOT count")
    options = parser.parse_args(arguments)
    measured = measure(options.root)
    before = {"before": measure(options.against)} if options.against else {}
    print(format_table({**before, "now": measured}))
    for heading, lines in measured.lists.items() if options.list else ():
        print("\n  ".join((f"\n{heading}:", *(lines or ["none"]))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
