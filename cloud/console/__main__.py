"""The console's command: `vigil console`, or `python -m cloud.console`."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from typing import Any

import click
import structlog
import uvicorn
from pydantic import SecretStr

from cloud.console.app import create_app
from cloud.console.settings import Settings
from cloud.tls import kafka_options
from ecg.errors import VigilError


def _options(command: Any) -> Any:
    """One --option per setting; what is not given comes from VIGIL_CONSOLE_… or the default."""
    for name, field in reversed(Settings.model_fields.items()):
        kind = int if field.annotation is int else str
        default = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
        text = f"{field.description} [{default}]" if default != "" else field.description
        command = click.option(f"--{name.replace('_', '-')}", name, type=kind, default=None, help=text)(command)
    return command


def configure_logging() -> None:
    """JSON lines on stderr; the Kafka client's own retries only from warnings up."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        click.ClickException: The port is taken or the address is not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise click.ClickException(
            f"cannot listen on {host} port {port}: {error.strerror}. Choose another with --port, or stop what holds it."
        ) from error
    return listener


@click.command()
@_options
def main(**given: Any) -> None:
    """The nurses' web page and its API."""
    settings = Settings(**{name: value for name, value in given.items() if value is not None})
    configure_logging()
    kafka_options(settings.tls)  # files that cannot be used are told before the port is taken
    listener = listen(settings.host, settings.port)
    try:
        app = create_app(settings)
    except VigilError as error:
        listener.close()
        raise click.ClickException(str(error)) from error
    host, port = listener.getsockname()[:2]
    structlog.get_logger().info("listening", address=f"http://{host}:{port}/", history=bool(settings.dsn))
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        ws_max_size=64 * 1024,  # pages send small JSON only
        ws_per_message_deflate=False,  # strips do not shrink enough for what it costs
        timeout_graceful_shutdown=2,
        server_header=False,
    )
    asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))


if __name__ == "__main__":
    main()
