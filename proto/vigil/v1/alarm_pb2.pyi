from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Priority(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PRIORITY_UNSPECIFIED: _ClassVar[Priority]
    PRIORITY_HIGH: _ClassVar[Priority]
    PRIORITY_MEDIUM: _ClassVar[Priority]
    PRIORITY_LOW: _ClassVar[Priority]
    PRIORITY_TECHNICAL: _ClassVar[Priority]

class Origin(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ORIGIN_UNSPECIFIED: _ClassVar[Origin]
    ORIGIN_EDGE: _ClassVar[Origin]
    ORIGIN_STREAM: _ClassVar[Origin]

class AlertKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ALERT_KIND_UNSPECIFIED: _ClassVar[AlertKind]
    ALERT_KIND_RAISED: _ClassVar[AlertKind]
    ALERT_KIND_UPDATED: _ClassVar[AlertKind]
    ALERT_KIND_DOWNGRADED: _ClassVar[AlertKind]
    ALERT_KIND_AUDIO_PAUSED: _ClassVar[AlertKind]
    ALERT_KIND_ACKNOWLEDGED: _ClassVar[AlertKind]
    ALERT_KIND_CONDITION_ENDED: _ClassVar[AlertKind]
    ALERT_KIND_CLEARED: _ClassVar[AlertKind]
    ALERT_KIND_ESCALATED: _ClassVar[AlertKind]
    ALERT_KIND_INTERPRETATION_PENDING: _ClassVar[AlertKind]
    ALERT_KIND_INTERPRETED: _ClassVar[AlertKind]
    ALERT_KIND_JUDGED: _ClassVar[AlertKind]

class CommandKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    COMMAND_KIND_UNSPECIFIED: _ClassVar[CommandKind]
    COMMAND_KIND_ACKNOWLEDGE: _ClassVar[CommandKind]
    COMMAND_KIND_AUDIO_PAUSE: _ClassVar[CommandKind]
    COMMAND_KIND_JUDGE_TRUE: _ClassVar[CommandKind]
    COMMAND_KIND_JUDGE_FALSE: _ClassVar[CommandKind]
PRIORITY_UNSPECIFIED: Priority
PRIORITY_HIGH: Priority
PRIORITY_MEDIUM: Priority
PRIORITY_LOW: Priority
PRIORITY_TECHNICAL: Priority
ORIGIN_UNSPECIFIED: Origin
ORIGIN_EDGE: Origin
ORIGIN_STREAM: Origin
ALERT_KIND_UNSPECIFIED: AlertKind
ALERT_KIND_RAISED: AlertKind
ALERT_KIND_UPDATED: AlertKind
ALERT_KIND_DOWNGRADED: AlertKind
ALERT_KIND_AUDIO_PAUSED: AlertKind
ALERT_KIND_ACKNOWLEDGED: AlertKind
ALERT_KIND_CONDITION_ENDED: AlertKind
ALERT_KIND_CLEARED: AlertKind
ALERT_KIND_ESCALATED: AlertKind
ALERT_KIND_INTERPRETATION_PENDING: AlertKind
ALERT_KIND_INTERPRETED: AlertKind
ALERT_KIND_JUDGED: AlertKind
COMMAND_KIND_UNSPECIFIED: CommandKind
COMMAND_KIND_ACKNOWLEDGE: CommandKind
COMMAND_KIND_AUDIO_PAUSE: CommandKind
COMMAND_KIND_JUDGE_TRUE: CommandKind
COMMAND_KIND_JUDGE_FALSE: CommandKind

class ConditionEvent(_message.Message):
    __slots__ = ("stream_id", "epoch", "agent_id", "code", "origin", "active", "onset_sample", "detected_sample", "ended_sample", "onset_time_ns", "detected_time_ns", "ended_time_ns", "reason", "evidence")
    STREAM_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_FIELD_NUMBER: _ClassVar[int]
    ONSET_SAMPLE_FIELD_NUMBER: _ClassVar[int]
    DETECTED_SAMPLE_FIELD_NUMBER: _ClassVar[int]
    ENDED_SAMPLE_FIELD_NUMBER: _ClassVar[int]
    ONSET_TIME_NS_FIELD_NUMBER: _ClassVar[int]
    DETECTED_TIME_NS_FIELD_NUMBER: _ClassVar[int]
    ENDED_TIME_NS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    stream_id: str
    epoch: int
    agent_id: str
    code: str
    origin: Origin
    active: bool
    onset_sample: int
    detected_sample: int
    ended_sample: int
    onset_time_ns: int
    detected_time_ns: int
    ended_time_ns: int
    reason: str
    evidence: _containers.RepeatedCompositeFieldContainer[Evidence]
    def __init__(self, stream_id: _Optional[str] = ..., epoch: _Optional[int] = ..., agent_id: _Optional[str] = ..., code: _Optional[str] = ..., origin: _Optional[_Union[Origin, str]] = ..., active: _Optional[bool] = ..., onset_sample: _Optional[int] = ..., detected_sample: _Optional[int] = ..., ended_sample: _Optional[int] = ..., onset_time_ns: _Optional[int] = ..., detected_time_ns: _Optional[int] = ..., ended_time_ns: _Optional[int] = ..., reason: _Optional[str] = ..., evidence: _Optional[_Iterable[_Union[Evidence, _Mapping]]] = ...) -> None: ...

class Evidence(_message.Message):
    __slots__ = ("name", "value", "unit")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: float
    unit: str
    def __init__(self, name: _Optional[str] = ..., value: _Optional[float] = ..., unit: _Optional[str] = ...) -> None: ...

class AlertEvent(_message.Message):
    __slots__ = ("alarm_id", "number", "kind", "priority", "condition", "time_ns", "actor", "detail", "origins", "agent_id")
    ALARM_ID_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    CONDITION_FIELD_NUMBER: _ClassVar[int]
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    ORIGINS_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    alarm_id: str
    number: int
    kind: AlertKind
    priority: Priority
    condition: ConditionEvent
    time_ns: int
    actor: str
    detail: str
    origins: _containers.RepeatedScalarFieldContainer[Origin]
    agent_id: str
    def __init__(self, alarm_id: _Optional[str] = ..., number: _Optional[int] = ..., kind: _Optional[_Union[AlertKind, str]] = ..., priority: _Optional[_Union[Priority, str]] = ..., condition: _Optional[_Union[ConditionEvent, _Mapping]] = ..., time_ns: _Optional[int] = ..., actor: _Optional[str] = ..., detail: _Optional[str] = ..., origins: _Optional[_Iterable[_Union[Origin, str]]] = ..., agent_id: _Optional[str] = ...) -> None: ...

class AlarmCommand(_message.Message):
    __slots__ = ("command_id", "alarm_id", "stream_id", "agent_id", "kind", "user", "comment", "time_ns")
    COMMAND_ID_FIELD_NUMBER: _ClassVar[int]
    ALARM_ID_FIELD_NUMBER: _ClassVar[int]
    STREAM_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    command_id: str
    alarm_id: str
    stream_id: str
    agent_id: str
    kind: CommandKind
    user: str
    comment: str
    time_ns: int
    def __init__(self, command_id: _Optional[str] = ..., alarm_id: _Optional[str] = ..., stream_id: _Optional[str] = ..., agent_id: _Optional[str] = ..., kind: _Optional[_Union[CommandKind, str]] = ..., user: _Optional[str] = ..., comment: _Optional[str] = ..., time_ns: _Optional[int] = ...) -> None: ...
