"""Apache Kafka on this machine: `python -m deploy.kafka.run fetch` once, then `start` until Ctrl-C."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import click

from deploy.kafka import ApacheKafka, fetch
from deploy.kafka_topics import create_topics
from ecg.errors import VigilError


@click.group()
def main() -> None:
    """Apache Kafka (KRaft, one node) from its Maven artefacts; needs Java 17, and Maven to fetch."""


@main.command("fetch")
def fetch_command() -> None:
    """Copy the jars to deploy/kafka/libs (54 MB)."""
    fetch()


@main.command()
@click.option("--port", default=9092, show_default=True, help="Loopback port.")
@click.option("--folder", type=click.Path(path_type=Path), default=Path(".vigil/kafka"), show_default=True)
@click.option("--topics/--no-topics", default=True, show_default=True, help="Create Vigil's topics.")
def start(port: int, folder: Path, topics: bool) -> None:
    """Run a broker until Ctrl-C or SIGTERM; what it holds stays in --folder."""
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
    try:
        with ApacheKafka(folder, port) as kafka:
            if topics:
                create_topics(kafka.brokers)
            click.echo(f"Apache Kafka on {kafka.brokers}, data in {folder}; Ctrl-C stops it")
            while kafka.pid is not None:
                time.sleep(0.5)
        raise click.ClickException("Apache Kafka ended by itself")
    except KeyboardInterrupt:
        click.echo("stopped")
    except VigilError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
