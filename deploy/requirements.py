"""What one service needs of the package index: `python -m deploy.requirements edge` prints it, one requirement a line.

Owns the reading of pyproject's extras for an image of one service (deploy/Dockerfile). Standard library alone: it runs before
anything is installed.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
#: Services that have an extra of their own; recorder and console are parts of stream and cloud.
SERVICES = ("edge", "stream", "cloud")


def requirements(service: str, pyproject: Path = PYPROJECT) -> list[str]:
    """Requirements of a service, or with "all" those of the base install.

    Args:
        service: One of SERVICES, or "all".
        pyproject: The file that lists them.

    Raises:
        ValueError: There is no such service.
    """
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    if service == "all":
        return list(project["dependencies"])
    if service not in SERVICES:
        raise ValueError(f"no service {service!r}: one of {', '.join(SERVICES)}, or all")
    return list(project["optional-dependencies"][service])


def main(arguments: list[str]) -> None:
    """Prints the requirements; a wrong argument ends with one line."""
    try:
        [service] = arguments
        print("\n".join(requirements(service)))
    except ValueError as error:
        sys.exit(f"python -m deploy.requirements {'|'.join(SERVICES)}|all: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
