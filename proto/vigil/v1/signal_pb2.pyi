from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class LeadState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LEAD_STATE_UNSPECIFIED: _ClassVar[LeadState]
    LEAD_STATE_CONNECTED: _ClassVar[LeadState]
    LEAD_STATE_OFF: _ClassVar[LeadState]

class GapReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GAP_REASON_UNSPECIFIED: _ClassVar[GapReason]
    GAP_REASON_SPOOL_DROPPED: _ClassVar[GapReason]
    GAP_REASON_SOURCE_SILENT: _ClassVar[GapReason]
    GAP_REASON_AGENT_DOWN: _ClassVar[GapReason]
    GAP_REASON_REJECTED: _ClassVar[GapReason]

class DeviceState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DEVICE_STATE_UNSPECIFIED: _ClassVar[DeviceState]
    DEVICE_STATE_STREAMING: _ClassVar[DeviceState]
    DEVICE_STATE_SILENT: _ClassVar[DeviceState]
    DEVICE_STATE_FAULT: _ClassVar[DeviceState]
    DEVICE_STATE_ENDED: _ClassVar[DeviceState]
LEAD_STATE_UNSPECIFIED: LeadState
LEAD_STATE_CONNECTED: LeadState
LEAD_STATE_OFF: LeadState
GAP_REASON_UNSPECIFIED: GapReason
GAP_REASON_SPOOL_DROPPED: GapReason
GAP_REASON_SOURCE_SILENT: GapReason
GAP_REASON_AGENT_DOWN: GapReason
GAP_REASON_REJECTED: GapReason
DEVICE_STATE_UNSPECIFIED: DeviceState
DEVICE_STATE_STREAMING: DeviceState
DEVICE_STATE_SILENT: DeviceState
DEVICE_STATE_FAULT: DeviceState
DEVICE_STATE_ENDED: DeviceState

class Lead(_message.Message):
    __slots__ = ("name", "gain_adu_per_mv", "baseline_adu", "state")
    NAME_FIELD_NUMBER: _ClassVar[int]
    GAIN_ADU_PER_MV_FIELD_NUMBER: _ClassVar[int]
    BASELINE_ADU_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    name: str
    gain_adu_per_mv: float
    baseline_adu: int
    state: LeadState
    def __init__(self, name: _Optional[str] = ..., gain_adu_per_mv: _Optional[float] = ..., baseline_adu: _Optional[int] = ..., state: _Optional[_Union[LeadState, str]] = ...) -> None: ...

class Segment(_message.Message):
    __slots__ = ("stream_id", "epoch", "seq", "first_sample", "fs_hz", "start_time_ns", "leads", "n_samples", "samples", "samples_crc32")
    STREAM_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    FIRST_SAMPLE_FIELD_NUMBER: _ClassVar[int]
    FS_HZ_FIELD_NUMBER: _ClassVar[int]
    START_TIME_NS_FIELD_NUMBER: _ClassVar[int]
    LEADS_FIELD_NUMBER: _ClassVar[int]
    N_SAMPLES_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_CRC32_FIELD_NUMBER: _ClassVar[int]
    stream_id: str
    epoch: int
    seq: int
    first_sample: int
    fs_hz: float
    start_time_ns: int
    leads: _containers.RepeatedCompositeFieldContainer[Lead]
    n_samples: int
    samples: bytes
    samples_crc32: int
    def __init__(self, stream_id: _Optional[str] = ..., epoch: _Optional[int] = ..., seq: _Optional[int] = ..., first_sample: _Optional[int] = ..., fs_hz: _Optional[float] = ..., start_time_ns: _Optional[int] = ..., leads: _Optional[_Iterable[_Union[Lead, _Mapping]]] = ..., n_samples: _Optional[int] = ..., samples: _Optional[bytes] = ..., samples_crc32: _Optional[int] = ...) -> None: ...

class SegmentBatch(_message.Message):
    __slots__ = ("agent_id", "agent_version", "sent_time_ns", "segments", "backfill")
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    SENT_TIME_NS_FIELD_NUMBER: _ClassVar[int]
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    BACKFILL_FIELD_NUMBER: _ClassVar[int]
    agent_id: str
    agent_version: str
    sent_time_ns: int
    segments: _containers.RepeatedCompositeFieldContainer[Segment]
    backfill: bool
    def __init__(self, agent_id: _Optional[str] = ..., agent_version: _Optional[str] = ..., sent_time_ns: _Optional[int] = ..., segments: _Optional[_Iterable[_Union[Segment, _Mapping]]] = ..., backfill: _Optional[bool] = ...) -> None: ...

class GapRecord(_message.Message):
    __slots__ = ("stream_id", "epoch", "first_seq", "end_seq", "reason", "detail", "time_ns")
    STREAM_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEQ_FIELD_NUMBER: _ClassVar[int]
    END_SEQ_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    stream_id: str
    epoch: int
    first_seq: int
    end_seq: int
    reason: GapReason
    detail: str
    time_ns: int
    def __init__(self, stream_id: _Optional[str] = ..., epoch: _Optional[int] = ..., first_seq: _Optional[int] = ..., end_seq: _Optional[int] = ..., reason: _Optional[_Union[GapReason, str]] = ..., detail: _Optional[str] = ..., time_ns: _Optional[int] = ...) -> None: ...

class DeviceHealth(_message.Message):
    __slots__ = ("agent_id", "stream_id", "epoch", "state", "detail", "next_seq", "spooled_segments", "time_ns", "others")
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    STREAM_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    NEXT_SEQ_FIELD_NUMBER: _ClassVar[int]
    SPOOLED_SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    OTHERS_FIELD_NUMBER: _ClassVar[int]
    agent_id: str
    stream_id: str
    epoch: int
    state: DeviceState
    detail: str
    next_seq: int
    spooled_segments: int
    time_ns: int
    others: _containers.RepeatedCompositeFieldContainer[DeviceHealth]
    def __init__(self, agent_id: _Optional[str] = ..., stream_id: _Optional[str] = ..., epoch: _Optional[int] = ..., state: _Optional[_Union[DeviceState, str]] = ..., detail: _Optional[str] = ..., next_seq: _Optional[int] = ..., spooled_segments: _Optional[int] = ..., time_ns: _Optional[int] = ..., others: _Optional[_Iterable[_Union[DeviceHealth, _Mapping]]] = ...) -> None: ...
