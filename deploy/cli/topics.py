"""`vigil topics`: the Kafka topics."""

from __future__ import annotations

import click

from ecg.tls import tls_files
from ecg.topics import PARTITIONS


@click.command()
@click.option("--brokers", required=True, help="Kafka, host:port[,host:port].")
@click.option(
    "--partitions", default=PARTITIONS, show_default=True, help="Of every topic; fixed for the cluster's life."
)
@click.option("--replication", default=1, show_default=True, help="Copies of each partition (3 on a real cluster).")
@click.option("--tls-ca", default="", help="PEM file of the authority to believe; with the next two: mutual TLS.")
@click.option("--tls-certificate", default="", help="PEM file of our certificate.")
@click.option("--tls-key", default="", help="PEM file of its key.")
def topics(brokers: str, partitions: int, replication: int, tls_ca: str, tls_certificate: str, tls_key: str) -> None:
    """Create the Kafka topics that are missing. Run it once, before any service starts."""
    from deploy.kafka_topics import create_topics

    made = create_topics(brokers, partitions, replication, tls_files(tls_ca, tls_certificate, tls_key))
    click.echo("\n".join(f"created {name}" for name in made) or "nothing to create")
