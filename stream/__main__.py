"""`vigil stream`: the stream worker as a process."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path

import click
import structlog
from aiokafka.errors import KafkaConnectionError

from ecg.errors import VigilError
from stream import metrics
from stream.settings import Settings


@click.command()
@click.option("--brokers", help="Kafka, host:port[,host:port].")
@click.option("--group", help="Kafka consumer group.")
@click.option("--reasoner", help="gRPC reasoner, host:port; empty: nothing is escalated.")
@click.option("--model", type=click.Path(path_type=Path), help="Folder of the screening model; none: unscreened.")
@click.option("--providers", help="ONNX Runtime providers in order, comma-separated (default TensorRT, CUDA, CPU).")
@click.option("--encoder-threads", type=int, help="Threads of one encoder run on the CPU (default 1).")
@click.option("--hop-s", type=float, help="Seconds between screened windows of a bed (default 2).")
@click.option("--readback-s", type=float, help="Seconds of signal read back at start (default 20).")
@click.option(
    "--tls-ca",
    type=click.Path(exists=True, dir_okay=False),
    help="PEM file of the authority to believe (mutual TLS).",
)
@click.option("--tls-certificate", type=click.Path(exists=True, dir_okay=False), help="PEM file of our certificate.")
@click.option("--tls-key", type=click.Path(exists=True, dir_okay=False), help="PEM file of its key.")
@click.option("--metrics-port", type=int, help="Prometheus metrics on loopback; 0 is off.")
def main(**options: object) -> None:
    """Screen windows, run the rules and keep the alarms of every bed.

    The topics must be there. Every option can also be set as VIGIL_STREAM_<OPTION>.
    """
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    plain = logging.StreamHandler(sys.stderr)
    plain.addFilter(_not_a_cancellation)
    logging.basicConfig(
        level=logging.WARNING, handlers=[plain], format='{"level":"%(levelname)s","event":"%(message)s"}'
    )
    settings = Settings(**{name: value for name, value in options.items() if value is not None})  # type: ignore[arg-type]
    from stream.app import run  # faust takes a second to import: --help need not wait for it

    metrics.serve(settings.metrics_port)
    try:
        crash = asyncio.run(run(settings))
    except VigilError as error:
        raise click.ClickException(str(error)) from error
    except KafkaConnectionError as error:
        raise click.ClickException(f"Kafka at {settings.brokers} does not answer: {error}") from error
    if crash is not None:
        raise click.ClickException(f"stopped by {crash!r}")


def _not_a_cancellation(record: logging.LogRecord) -> bool:
    """Faust logs the cancelling of its agents, at every rebalance and stop, as errors with a stack."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


if __name__ == "__main__":
    main()
