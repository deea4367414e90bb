from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ScreeningStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SCREENING_STATUS_UNSPECIFIED: _ClassVar[ScreeningStatus]
    SCREENING_STATUS_SCREENED: _ClassVar[ScreeningStatus]
    SCREENING_STATUS_UNSCREENED: _ClassVar[ScreeningStatus]
SCREENING_STATUS_UNSPECIFIED: ScreeningStatus
SCREENING_STATUS_SCREENED: ScreeningStatus
SCREENING_STATUS_UNSCREENED: ScreeningStatus

class LabelScore(_message.Message):
    __slots__ = ("label", "score")
    LABEL_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    label: str
    score: float
    def __init__(self, label: _Optional[str] = ..., score: _Optional[float] = ...) -> None: ...

class Screening(_message.Message):
    __slots__ = ("stream_id", "epoch", "first_sample", "end_sample", "fs_hz", "start_time_ns", "status", "detail", "model_id", "provider", "scores", "flagged", "flags")
    STREAM_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    FIRST_SAMPLE_FIELD_NUMBER: _ClassVar[int]
    END_SAMPLE_FIELD_NUMBER: _ClassVar[int]
    FS_HZ_FIELD_NUMBER: _ClassVar[int]
    START_TIME_NS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    FLAGGED_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    stream_id: str
    epoch: int
    first_sample: int
    end_sample: int
    fs_hz: float
    start_time_ns: int
    status: ScreeningStatus
    detail: str
    model_id: str
    provider: str
    scores: _containers.RepeatedCompositeFieldContainer[LabelScore]
    flagged: bool
    flags: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, stream_id: _Optional[str] = ..., epoch: _Optional[int] = ..., first_sample: _Optional[int] = ..., end_sample: _Optional[int] = ..., fs_hz: _Optional[float] = ..., start_time_ns: _Optional[int] = ..., status: _Optional[_Union[ScreeningStatus, str]] = ..., detail: _Optional[str] = ..., model_id: _Optional[str] = ..., provider: _Optional[str] = ..., scores: _Optional[_Iterable[_Union[LabelScore, _Mapping]]] = ..., flagged: _Optional[bool] = ..., flags: _Optional[_Iterable[str]] = ...) -> None: ...

class LeadQuality(_message.Message):
    __slots__ = ("lead", "index", "problems")
    LEAD_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    lead: str
    index: float
    problems: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, lead: _Optional[str] = ..., index: _Optional[float] = ..., problems: _Optional[_Iterable[str]] = ...) -> None: ...

class Vitals(_message.Message):
    __slots__ = ("stream_id", "epoch", "seq", "first_sample", "end_sample", "time_ns", "heart_rate_bpm", "rhythm", "quality", "beats", "fs_hz")
    STREAM_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    FIRST_SAMPLE_FIELD_NUMBER: _ClassVar[int]
    END_SAMPLE_FIELD_NUMBER: _ClassVar[int]
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    HEART_RATE_BPM_FIELD_NUMBER: _ClassVar[int]
    RHYTHM_FIELD_NUMBER: _ClassVar[int]
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    BEATS_FIELD_NUMBER: _ClassVar[int]
    FS_HZ_FIELD_NUMBER: _ClassVar[int]
    stream_id: str
    epoch: int
    seq: int
    first_sample: int
    end_sample: int
    time_ns: int
    heart_rate_bpm: float
    rhythm: str
    quality: _containers.RepeatedCompositeFieldContainer[LeadQuality]
    beats: _containers.RepeatedCompositeFieldContainer[Beat]
    fs_hz: float
    def __init__(self, stream_id: _Optional[str] = ..., epoch: _Optional[int] = ..., seq: _Optional[int] = ..., first_sample: _Optional[int] = ..., end_sample: _Optional[int] = ..., time_ns: _Optional[int] = ..., heart_rate_bpm: _Optional[float] = ..., rhythm: _Optional[str] = ..., quality: _Optional[_Iterable[_Union[LeadQuality, _Mapping]]] = ..., beats: _Optional[_Iterable[_Union[Beat, _Mapping]]] = ..., fs_hz: _Optional[float] = ...) -> None: ...

class Beat(_message.Message):
    __slots__ = ("sample", "symbol")
    SAMPLE_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    sample: int
    symbol: str
    def __init__(self, sample: _Optional[int] = ..., symbol: _Optional[str] = ...) -> None: ...

class VitalsBatch(_message.Message):
    __slots__ = ("agent_id", "vitals")
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    VITALS_FIELD_NUMBER: _ClassVar[int]
    agent_id: str
    vitals: _containers.RepeatedCompositeFieldContainer[Vitals]
    def __init__(self, agent_id: _Optional[str] = ..., vitals: _Optional[_Iterable[_Union[Vitals, _Mapping]]] = ...) -> None: ...

class ScreeningBatch(_message.Message):
    __slots__ = ("agent_id", "screenings")
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    SCREENINGS_FIELD_NUMBER: _ClassVar[int]
    agent_id: str
    screenings: _containers.RepeatedCompositeFieldContainer[Screening]
    def __init__(self, agent_id: _Optional[str] = ..., screenings: _Optional[_Iterable[_Union[Screening, _Mapping]]] = ...) -> None: ...

class DeadLetter(_message.Message):
    __slots__ = ("source_topic", "partition", "offset", "error", "reason", "agent_id", "stream_id", "epoch", "seq", "payload", "time_ns", "payload_size")
    SOURCE_TOPIC_FIELD_NUMBER: _ClassVar[int]
    PARTITION_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    STREAM_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_SIZE_FIELD_NUMBER: _ClassVar[int]
    source_topic: str
    partition: int
    offset: int
    error: str
    reason: str
    agent_id: str
    stream_id: str
    epoch: int
    seq: int
    payload: bytes
    time_ns: int
    payload_size: int
    def __init__(self, source_topic: _Optional[str] = ..., partition: _Optional[int] = ..., offset: _Optional[int] = ..., error: _Optional[str] = ..., reason: _Optional[str] = ..., agent_id: _Optional[str] = ..., stream_id: _Optional[str] = ..., epoch: _Optional[int] = ..., seq: _Optional[int] = ..., payload: _Optional[bytes] = ..., time_ns: _Optional[int] = ..., payload_size: _Optional[int] = ...) -> None: ...
