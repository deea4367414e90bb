"""Creates Vigil's topics on a Kafka cluster, before anyone connects (topics made by clients crash the worker).

Owns the topics' settings on the broker; which topics there are is `ecg.topics`. Must not import services.
"""

from __future__ import annotations

import time
from collections.abc import Collection

from kafka.admin import KafkaAdminClient

from ecg.errors import Unavailable, VigilError
from ecg.tls import TlsFiles
from ecg.topics import ALL, MAX_MESSAGE_BYTES, PARTITIONS
from edge.tls import context

#: Room for protocol overhead above the largest message of ours.
_MAX_RECORD_BYTES = MAX_MESSAGE_BYTES + 16 * 1024
#: Seconds the cluster may take to give every partition a leader; Apache Kafka answers the request before it has.
_LEADERS_S = 30.0


def create_topics(
    brokers: str, partitions: int = PARTITIONS, replication: int = 1, tls: TlsFiles | None = None
) -> list[str]:
    """Creates what is missing and returns when every partition can be written; a second call creates nothing.

    Args:
        brokers: "host:port,host:port" of the cluster.
        partitions: Of every topic; fixed for the life of the cluster, since keys map to partitions by it.
        replication: Copies of each partition.
        tls: Of a cluster that asks for it.

    Returns:
        Names of the topics created now.

    Raises:
        VigilError: A topic is there with another number of partitions.
        Unavailable: Some partition has no leader in time.
    """
    secure = {} if tls is None else {"security_protocol": "SSL", "ssl_context": context(tls)}
    admin = KafkaAdminClient(bootstrap_servers=brokers.split(","), client_id="vigil-topics", **secure)
    try:
        present = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics()}
        for topic in ALL:
            if present.get(topic.name, partitions) != partitions:
                raise VigilError(
                    f"topic {topic.name} has {present[topic.name]} partitions, {partitions} wanted: "
                    "partitions cannot change once keys are in use"
                )
        missing = [topic for topic in ALL if topic.name not in present]
        if missing:
            admin.create_topics(
                {
                    topic.name: {
                        "num_partitions": partitions,
                        "replication_factor": replication,
                        "configs": {
                            "cleanup.policy": "delete",
                            "retention.ms": str(topic.retention_ms),
                            "max.message.bytes": str(_MAX_RECORD_BYTES),
                        },
                    }
                    for topic in missing
                }
            )
        _await_leaders(admin, {topic.name for topic in ALL}, partitions)
        return [topic.name for topic in missing]
    finally:
        admin.close()


def _await_leaders(admin: KafkaAdminClient, names: Collection[str], partitions: int) -> None:
    deadline = time.monotonic() + _LEADERS_S
    while True:
        led = {
            topic["name"]: sum(partition["leader_id"] >= 0 for partition in topic["partitions"])
            for topic in admin.describe_topics(list(names))
        }
        waiting = sorted(name for name in names if led.get(name, 0) < partitions)
        if not waiting:
            return
        if time.monotonic() > deadline:
            raise Unavailable(f"topics {waiting} have partitions without a leader after {_LEADERS_S:g} s")
        time.sleep(0.1)
