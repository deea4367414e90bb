"""`vigil cloud`: reads the settings once, runs the reasoner until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from typing import Any

import click
import structlog

from cloud.server import Reasoner, make_backend
from cloud.settings import Settings
from ecg.errors import VigilError


def _options(command: Any) -> Any:
    """One --option per setting, with its description; what is not given comes from the environment or the default."""
    for name, field in reversed(Settings.model_fields.items()):
        flag = f"--{name.replace('_', '-')}"
        text = f"{field.description} [{field.default}]"
        if field.annotation is bool:
            command = click.option(f"{flag}/--no-{name.replace('_', '-')}", name, default=None, help=text)(command)
        else:
            command = click.option(flag, name, type=field.annotation, default=None, help=text)(command)
    return command


def log_json() -> None:
    """JSON lines on stderr."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


async def serve(settings: Settings) -> None:
    """Runs the service until SIGTERM or SIGINT."""
    reasoner = Reasoner(settings, make_backend(settings.backend))
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await reasoner.start()
    try:
        await stop.wait()
    finally:
        await reasoner.stop()


@click.command("cloud")
@_options
def main(**given: Any) -> None:
    """Serve the reasoner: interprets escalated windows over gRPC."""
    log_json()
    settings = Settings(**{name: value for name, value in given.items() if value is not None})
    try:
        asyncio.run(serve(settings))
    except (VigilError, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
