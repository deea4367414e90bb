"""An extra names what its service needs: everything the service's code imports is in it, and nothing the base install lacks."""

from __future__ import annotations

import ast
import sys
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.requirements import SERVICES, requirements

ROOT = Path(__file__).resolve().parents[2]
OURS = {"ecg", "edge", "stream", "cloud", "training", "deploy", "vigil"}
#: Needed though no line of ours imports it: what brings it to work.
UNSEEN = {"crc32c"}


def imported(*folders: str) -> set[str]:
    """Top-level modules of others that any file of the folders imports, lazily or not."""
    found: set[str] = set()
    for folder in folders:
        for path in (ROOT / folder).rglob("*.py"):
            if path.name.endswith("_pb2_grpc.py"):  # whoever calls or serves it imports grpc itself
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    found |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found.add(node.module.split(".")[0])
    return found - OURS - set(sys.stdlib_module_names)


def names(lines: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(line).name) for line in lines}


def closure(lines: list[str]) -> set[str]:
    """Distributions the requirements bring, their own requirements included."""
    todo, found = [Requirement(line) for line in lines], set()
    while todo:
        one = todo.pop()
        key = canonicalize_name(one.name)
        if (key, frozenset(one.extras)) in found:
            continue
        found.add((key, frozenset(one.extras)))
        for line in requires(one.name) or []:
            below = Requirement(line)
            extras = one.extras or {""}
            if below.marker is None or any(below.marker.evaluate({"extra": extra}) for extra in extras):
                todo.append(below)
    return {name for name, _ in found}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_imports_only_what_its_extra_brings(service: str) -> None:
    brought = closure(requirements(service))
    homes = packages_distributions()
    for module in sorted(imported("ecg", "proto", service)):
        dists = {canonicalize_name(dist) for dist in homes[module]}
        assert dists & brought, f"{service} imports {module} ({', '.join(dists)}), which its extra does not bring"


@pytest.mark.parametrize("service", SERVICES)
def test_an_extra_asks_for_nothing_that_nothing_imports(service: str) -> None:
    homes = packages_distributions()
    direct = {canonicalize_name(dist) for module in imported("ecg", "proto", service) for dist in homes[module]}
    assert names(requirements(service)) - UNSEEN <= direct


def test_the_base_install_holds_every_service_by_the_same_versions() -> None:
    base = set(requirements("all"))
    for service in SERVICES:
        assert set(requirements(service)) <= base, f"{service} asks for other versions than the base install"


def test_a_service_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match="no service 'ward'"):
        requirements("ward")
