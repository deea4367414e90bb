"""The compose file names commands, options and images that exist; there is no Docker engine in the tests to say so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from deploy.cli import main

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service.get("image", "").startswith("vigil:")}
#: The keys of a service that the Compose specification knows and we use.
KEYS = {
    "image", "build", "restart", "environment", "volumes", "healthcheck", "command", "depends_on", "ports",
}  # fmt: skip


def parsed(command: list[str]) -> tuple[click.Command, click.Context]:
    """The command line as click reads it, down to the last subcommand; nothing is run."""
    group: click.Command = main
    context = click.Context(main)
    while isinstance(group, click.Group):
        name, found, command = group.resolve_command(context, command)
        assert found is not None and name is not None
        group = found
        if not isinstance(group, click.Group):
            context = group.make_context(name, list(command), parent=context)
    return group, context


def test_the_file_has_every_part_of_the_picture() -> None:
    assert {"edge", "stream", "recorder", "cloud", "console", "kafka", "timescale", "topics", "migrate"} == set(
        SERVICES
    )
    assert set(OURS) == set(SERVICES) - {"kafka", "timescale"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_well_formed(name: str) -> None:
    service = SERVICES[name]
    assert set(service) <= KEYS and "image" in service
    for other, needed in (service.get("depends_on") or {}).items():
        assert other in SERVICES
        if needed["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other]
        else:
            assert needed["condition"] == "service_completed_successfully" and SERVICES[other]["restart"] == "no"
    for volume in service.get("volumes", []):
        assert volume.split(":")[0] in COMPOSE["volumes"]
    for port in service.get("ports", []):
        assert port.startswith("127.0.0.1:"), "nothing is offered to the network without being asked"


@pytest.mark.parametrize("name", OURS)
def test_a_command_is_one_of_ours(name: str) -> None:
    """An option that was renamed fails here (click.NoSuchOption), and an address that no service answers to."""
    command = OURS[name]["command"]
    _, context = parsed(list(command))
    assert {option for option in command if option.startswith("--")}
    for value in filter(lambda value: isinstance(value, str), context.params.values()):
        for host in re.findall(r"(?:^|@|//)([a-z][a-z-]*)(?::\d+|/vigil)", value):
            assert host in SERVICES, f"{name}: {value}"


def test_a_wrong_option_would_be_found() -> None:
    with pytest.raises(click.NoSuchOption):
        parsed(["edge", "--no-such-option"])


def test_the_image_copies_what_is_installed() -> None:
    steps = [line.split() for line in (FOLDER / "Dockerfile").read_text().splitlines()]
    for words in (step for step in steps if step and step[0] == "COPY"):
        for source in words[1:-1]:
            assert (ROOT / source).exists(), source
    copied = {words[1] for words in steps if words and words[0] == "COPY" and len(words) == 3}
    assert {"ecg", "edge", "stream", "cloud", "training", "deploy", "proto"} == copied


def test_what_the_image_is_built_of_is_where_it_says() -> None:
    for service in OURS.values():
        build = service["build"]
        assert (FOLDER / build["context"]).resolve() == ROOT and (ROOT / build["dockerfile"]).is_file()
