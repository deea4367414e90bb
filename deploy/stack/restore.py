"""Restoring alarms: a broker that keeps nothing gets the events of alarms that are not over back from the database.

Runs between the broker's start and the worker's, when nobody writes the topic. Events are numbered, so a second
restore changes nothing.
"""

from __future__ import annotations

import psycopg
from kafka import KafkaProducer

from ecg import topics


def restore_open_alarms(dsn: str, brokers: str) -> int:
    """Publishes the events of every alarm without a `cleared` event.

    Returns:
        Events published.

    Raises:
        psycopg.Error: The database cannot be read.
    """
    with psycopg.connect(dsn) as connection:
        found = connection.execute(
            "SELECT agent_id, payload FROM alarm_event WHERE alarm_id IN"
            " (SELECT alarm_id FROM alarm_event GROUP BY alarm_id HAVING bool_and(kind <> 'cleared'))"
            " ORDER BY alarm_id, number"
        ).fetchall()
    if not found:
        return 0
    # Not idempotent: the embedded broker cannot; numbered events make repetition harmless.
    producer = KafkaProducer(bootstrap_servers=brokers.split(","), acks="all", enable_idempotence=False)
    for agent_id, payload in found:
        producer.send(topics.ALARMS.name, key=agent_id.encode(), value=bytes(payload))
    producer.flush(timeout=30)
    producer.close()
    return len(found)
