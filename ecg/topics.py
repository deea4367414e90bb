"""Topics: the closed list of Kafka topics, who writes each (exactly one), and what it carries.

All are keyed by agent_id and have the same number of partitions, so that one worker sees everything of a bed.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Fixed for the life of a cluster: keys map to partitions by it (DESIGN.md §3).
PARTITIONS = 48
MAX_MESSAGE_BYTES = 256 * 1024
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: writer is the only part that may produce to it."""

    name: str
    writer: str
    message: str
    retention_ms: int


SEGMENTS = Topic("vigil.segments.v1", "edge", "SegmentBatch", 24 * HOUR_MS)
BACKFILL = Topic("vigil.backfill.v1", "edge", "SegmentBatch", 72 * HOUR_MS)
EDGE_CONDITIONS = Topic("vigil.edge-conditions.v1", "edge", "ConditionEvent", 72 * HOUR_MS)
GAPS = Topic("vigil.gaps.v1", "edge", "GapRecord", 168 * HOUR_MS)
DEVICE_HEALTH = Topic("vigil.device-health.v1", "edge", "DeviceHealth", 24 * HOUR_MS)
VITALS = Topic("vigil.vitals.v1", "stream", "VitalsBatch", 24 * HOUR_MS)
SCREENINGS = Topic("vigil.screenings.v1", "stream", "ScreeningBatch", 72 * HOUR_MS)
ALARMS = Topic("vigil.alarms.v1", "stream", "AlertEvent", 168 * HOUR_MS)
INTERPRETATIONS = Topic("vigil.interpretations.v1", "stream", "Interpretation", 168 * HOUR_MS)
DEAD_LETTERS = Topic("vigil.dead-letters.v1", "stream", "DeadLetter", 168 * HOUR_MS)
COMMANDS = Topic("vigil.commands.v1", "console", "AlarmCommand", 168 * HOUR_MS)

ALL = (
    SEGMENTS,
    BACKFILL,
    EDGE_CONDITIONS,
    GAPS,
    DEVICE_HEALTH,
    VITALS,
    SCREENINGS,
    ALARMS,
    INTERPRETATIONS,
    DEAD_LETTERS,
    COMMANDS,
)
