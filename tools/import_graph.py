"""The import graph of a program, read from its source: circles, and imports that contradict declared layers."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Imports = Mapping[str, frozenset[str]]  # module -> modules that it imports


@dataclass(frozen=True, slots=True)
class Module:
    """A source file: its dotted name, its path relative to the root, its number of lines and its syntax tree."""

    name: str
    path: Path
    lines: int
    tree: ast.Module


def read_modules(root: Path, packages: Iterable[str]) -> list[Module]:
    """Parse every module of some top-level packages below ``root``, sorted by path; those not there are skipped."""
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
    known = {module.name for module in modules}
    imports = {}
    for module in modules:
        candidates = (name for node in ast.walk(module.tree) for name in _imported_names(module, node))
        found = {name if name in known else name.rpartition(".")[0] for name in candidates}
        imports[module.name] = frozenset(found & known - {module.name})
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
