from vigil.v1 import alarm_pb2 as _alarm_pb2
from vigil.v1 import screening_pb2 as _screening_pb2
from vigil.v1 import signal_pb2 as _signal_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Verdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERDICT_UNSPECIFIED: _ClassVar[Verdict]
    VERDICT_SUPPORTED: _ClassVar[Verdict]
    VERDICT_CONTRADICTED: _ClassVar[Verdict]
    VERDICT_NOT_MEASURABLE: _ClassVar[Verdict]
VERDICT_UNSPECIFIED: Verdict
VERDICT_SUPPORTED: Verdict
VERDICT_CONTRADICTED: Verdict
VERDICT_NOT_MEASURABLE: Verdict

class Escalation(_message.Message):
    __slots__ = ("escalation_id", "alarm_id", "stream_id", "epoch", "agent_id", "priority", "deadline_ns", "window", "condition", "encoder_findings", "encoder_model_id", "embedding")
    ESCALATION_ID_FIELD_NUMBER: _ClassVar[int]
    ALARM_ID_FIELD_NUMBER: _ClassVar[int]
    STREAM_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_NS_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    CONDITION_FIELD_NUMBER: _ClassVar[int]
    ENCODER_FINDINGS_FIELD_NUMBER: _ClassVar[int]
    ENCODER_MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_FIELD_NUMBER: _ClassVar[int]
    escalation_id: str
    alarm_id: str
    stream_id: str
    epoch: int
    agent_id: str
    priority: _alarm_pb2.Priority
    deadline_ns: int
    window: _signal_pb2.Segment
    condition: _alarm_pb2.ConditionEvent
    encoder_findings: _containers.RepeatedCompositeFieldContainer[_screening_pb2.LabelScore]
    encoder_model_id: str
    embedding: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, escalation_id: _Optional[str] = ..., alarm_id: _Optional[str] = ..., stream_id: _Optional[str] = ..., epoch: _Optional[int] = ..., agent_id: _Optional[str] = ..., priority: _Optional[_Union[_alarm_pb2.Priority, str]] = ..., deadline_ns: _Optional[int] = ..., window: _Optional[_Union[_signal_pb2.Segment, _Mapping]] = ..., condition: _Optional[_Union[_alarm_pb2.ConditionEvent, _Mapping]] = ..., encoder_findings: _Optional[_Iterable[_Union[_screening_pb2.LabelScore, _Mapping]]] = ..., encoder_model_id: _Optional[str] = ..., embedding: _Optional[_Iterable[float]] = ...) -> None: ...

class Step(_message.Message):
    __slots__ = ("number", "title", "text")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    number: int
    title: str
    text: str
    def __init__(self, number: _Optional[int] = ..., title: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class Claim(_message.Message):
    __slots__ = ("text", "step", "kind", "verdict", "evidence", "start", "end")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    text: str
    step: int
    kind: str
    verdict: Verdict
    evidence: str
    start: int
    end: int
    def __init__(self, text: _Optional[str] = ..., step: _Optional[int] = ..., kind: _Optional[str] = ..., verdict: _Optional[_Union[Verdict, str]] = ..., evidence: _Optional[str] = ..., start: _Optional[int] = ..., end: _Optional[int] = ...) -> None: ...

class MeasurementValue(_message.Message):
    __slots__ = ("name", "lead", "unit", "value", "reason")
    NAME_FIELD_NUMBER: _ClassVar[int]
    LEAD_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    name: str
    lead: str
    unit: str
    value: float
    reason: str
    def __init__(self, name: _Optional[str] = ..., lead: _Optional[str] = ..., unit: _Optional[str] = ..., value: _Optional[float] = ..., reason: _Optional[str] = ...) -> None: ...

class Accepted(_message.Message):
    __slots__ = ("queue_position", "model_id")
    QUEUE_POSITION_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    queue_position: int
    model_id: str
    def __init__(self, queue_position: _Optional[int] = ..., model_id: _Optional[str] = ...) -> None: ...

class Summary(_message.Message):
    __slots__ = ("text",)
    TEXT_FIELD_NUMBER: _ClassVar[int]
    text: str
    def __init__(self, text: _Optional[str] = ...) -> None: ...

class Labels(_message.Message):
    __slots__ = ("labels", "abstained", "reason")
    LABELS_FIELD_NUMBER: _ClassVar[int]
    ABSTAINED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    labels: _containers.RepeatedScalarFieldContainer[str]
    abstained: bool
    reason: str
    def __init__(self, labels: _Optional[_Iterable[str]] = ..., abstained: _Optional[bool] = ..., reason: _Optional[str] = ...) -> None: ...

class Claims(_message.Message):
    __slots__ = ("claims",)
    CLAIMS_FIELD_NUMBER: _ClassVar[int]
    claims: _containers.RepeatedCompositeFieldContainer[Claim]
    def __init__(self, claims: _Optional[_Iterable[_Union[Claim, _Mapping]]] = ...) -> None: ...

class Measurements(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedCompositeFieldContainer[MeasurementValue]
    def __init__(self, values: _Optional[_Iterable[_Union[MeasurementValue, _Mapping]]] = ...) -> None: ...

class Done(_message.Message):
    __slots__ = ("raw_text", "elapsed_ms")
    RAW_TEXT_FIELD_NUMBER: _ClassVar[int]
    ELAPSED_MS_FIELD_NUMBER: _ClassVar[int]
    raw_text: str
    elapsed_ms: int
    def __init__(self, raw_text: _Optional[str] = ..., elapsed_ms: _Optional[int] = ...) -> None: ...

class Failed(_message.Message):
    __slots__ = ("reason",)
    REASON_FIELD_NUMBER: _ClassVar[int]
    reason: str
    def __init__(self, reason: _Optional[str] = ...) -> None: ...

class InterpretResponse(_message.Message):
    __slots__ = ("escalation_id", "number", "accepted", "measurements", "step", "summary", "labels", "claims", "done", "failed")
    ESCALATION_ID_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    MEASUREMENTS_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    CLAIMS_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    escalation_id: str
    number: int
    accepted: Accepted
    measurements: Measurements
    step: Step
    summary: Summary
    labels: Labels
    claims: Claims
    done: Done
    failed: Failed
    def __init__(self, escalation_id: _Optional[str] = ..., number: _Optional[int] = ..., accepted: _Optional[_Union[Accepted, _Mapping]] = ..., measurements: _Optional[_Union[Measurements, _Mapping]] = ..., step: _Optional[_Union[Step, _Mapping]] = ..., summary: _Optional[_Union[Summary, _Mapping]] = ..., labels: _Optional[_Union[Labels, _Mapping]] = ..., claims: _Optional[_Union[Claims, _Mapping]] = ..., done: _Optional[_Union[Done, _Mapping]] = ..., failed: _Optional[_Union[Failed, _Mapping]] = ...) -> None: ...

class Interpretation(_message.Message):
    __slots__ = ("escalation_id", "alarm_id", "stream_id", "epoch", "window_first_sample", "window_end_sample", "fs_hz", "time_ns", "model_id", "response")
    ESCALATION_ID_FIELD_NUMBER: _ClassVar[int]
    ALARM_ID_FIELD_NUMBER: _ClassVar[int]
    STREAM_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIRST_SAMPLE_FIELD_NUMBER: _ClassVar[int]
    WINDOW_END_SAMPLE_FIELD_NUMBER: _ClassVar[int]
    FS_HZ_FIELD_NUMBER: _ClassVar[int]
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    escalation_id: str
    alarm_id: str
    stream_id: str
    epoch: int
    window_first_sample: int
    window_end_sample: int
    fs_hz: float
    time_ns: int
    model_id: str
    response: InterpretResponse
    def __init__(self, escalation_id: _Optional[str] = ..., alarm_id: _Optional[str] = ..., stream_id: _Optional[str] = ..., epoch: _Optional[int] = ..., window_first_sample: _Optional[int] = ..., window_end_sample: _Optional[int] = ..., fs_hz: _Optional[float] = ..., time_ns: _Optional[int] = ..., model_id: _Optional[str] = ..., response: _Optional[_Union[InterpretResponse, _Mapping]] = ...) -> None: ...

class InterpretRequest(_message.Message):
    __slots__ = ("escalation",)
    ESCALATION_FIELD_NUMBER: _ClassVar[int]
    escalation: Escalation
    def __init__(self, escalation: _Optional[_Union[Escalation, _Mapping]] = ...) -> None: ...

class GetModelInfoRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetModelInfoResponse(_message.Message):
    __slots__ = ("model_id", "backend", "description", "provider", "labels", "manifest_sha256")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_SHA256_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    backend: str
    description: str
    provider: str
    labels: _containers.RepeatedScalarFieldContainer[str]
    manifest_sha256: str
    def __init__(self, model_id: _Optional[str] = ..., backend: _Optional[str] = ..., description: _Optional[str] = ..., provider: _Optional[str] = ..., labels: _Optional[_Iterable[str]] = ..., manifest_sha256: _Optional[str] = ...) -> None: ...
