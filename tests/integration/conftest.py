"""Fixtures of the integration tests: a fresh broker with our topics, once embedded and once Apache Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.broker import EmbeddedBroker
from deploy.kafka_topics import create_topics


@pytest.fixture(params=["tansu", pytest.param("kafka", marks=pytest.mark.kafka)])
def brokers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """ "host:port" of a broker that holds nothing but the empty topics; stopped after the test."""
    if request.param == "tansu":
        with EmbeddedBroker(log=tmp_path / "tansu.log") as broker:
            create_topics(broker.brokers)
            yield broker.brokers
        return
    from deploy.kafka import ApacheKafka, missing

    reason = missing()
    if reason:
        pytest.skip(reason)
    with ApacheKafka(tmp_path / "kafka", log=tmp_path / "kafka.log") as kafka:
        create_topics(kafka.brokers)
        yield kafka.brokers
