"""Wire: the one place where domain types become vigil.v1 messages and back.

Decoding maps every fault onto InvalidSignal at the border. A batch is only an envelope: one bad segment is rejected
alone (ecg.wire.Rejected) and the others go on. Samples go from the wire to NumPy with no copy.
Unknown fields are ignored, as protobuf does: a newer agent may say more.
"""

from __future__ import annotations

from collections.abc import Callable

from ecg.wire.alarms import (
    condition_event_from_proto,
    condition_event_to_proto,
    decode_alarm_command,
    decode_alert_event,
    decode_condition_event,
    encode_alarm_command,
    encode_alert_event,
    encode_condition_event,
)
from ecg.wire.findings import (
    decode_dead_letter,
    decode_screenings,
    decode_vitals,
    encode_dead_letter,
    encode_screenings,
    encode_vitals,
)
from ecg.wire.parse import MAX_PARSE_BYTES
from ecg.wire.signals import (
    DecodedBatch,
    Rejected,
    decode_device_health,
    decode_gap_record,
    decode_segment_batch,
    encode_device_health,
    encode_gap_record,
    encode_segment_batch,
    segment_from_proto,
    segment_to_proto,
)

#: Decoder per topic message name, for tools that read any topic.
DECODERS: dict[str, Callable[[bytes], object]] = {
    "SegmentBatch": decode_segment_batch,
    "ConditionEvent": decode_condition_event,
    "GapRecord": decode_gap_record,
    "DeviceHealth": decode_device_health,
    "AlertEvent": decode_alert_event,
    "AlarmCommand": decode_alarm_command,
    "VitalsBatch": decode_vitals,
    "ScreeningBatch": decode_screenings,
    "DeadLetter": decode_dead_letter,
}

__all__ = [
    "DECODERS",
    "MAX_PARSE_BYTES",
    "DecodedBatch",
    "Rejected",
    "condition_event_from_proto",
    "condition_event_to_proto",
    "decode_alarm_command",
    "decode_alert_event",
    "decode_condition_event",
    "decode_dead_letter",
    "decode_device_health",
    "decode_gap_record",
    "decode_screenings",
    "decode_segment_batch",
    "decode_vitals",
    "encode_alarm_command",
    "encode_alert_event",
    "encode_condition_event",
    "encode_dead_letter",
    "encode_device_health",
    "encode_gap_record",
    "encode_screenings",
    "encode_segment_batch",
    "encode_vitals",
    "segment_from_proto",
    "segment_to_proto",
]
