"""`vigil recorder`: the recorder as a process."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys

import click
import structlog
from prometheus_client import start_http_server

from ecg.errors import VigilError
from stream.recorder.service import Recorder
from stream.recorder.settings import Settings


@click.command()
@click.option("--brokers", help="Kafka, host:port[,host:port].")
@click.option("--dsn", help="PostgreSQL or TimescaleDB connection string.")
@click.option("--group", help="Kafka consumer group.")
@click.option("--flush-s", type=float, help="Seconds of signal in one stored block (default 10).")
@click.option("--max-buffer-mb", type=float, help="Stop reading Kafka above this while the database is away.")
@click.option(
    "--tls-ca",
    type=click.Path(exists=True, dir_okay=False),
    help="PEM file of the authority to believe (mutual TLS).",
)
@click.option("--tls-certificate", type=click.Path(exists=True, dir_okay=False), help="PEM file of our certificate.")
@click.option("--tls-key", type=click.Path(exists=True, dir_okay=False), help="PEM file of its key.")
@click.option("--metrics-port", type=int, help="Prometheus metrics on loopback; 0 is off.")
def main(**options: object) -> None:
    """Keep waveforms, screenings, alarms and interpretations in PostgreSQL or TimescaleDB.

    The schema must be there: run `vigil db migrate` first. Every option can also be set as VIGIL_RECORDER_<OPTION>.
    """
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    settings = Settings(**{name: value for name, value in options.items() if value is not None})  # type: ignore[arg-type]
    try:
        asyncio.run(_run(settings))
    except VigilError as error:
        raise click.ClickException(str(error)) from error


async def _run(settings: Settings) -> None:
    if settings.metrics_port:
        start_http_server(settings.metrics_port, "127.0.0.1")
    recorder = Recorder(settings)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, recorder.stop)
    await recorder.run()


if __name__ == "__main__":
    main()
