"""Schemas: the JSON the console speaks, over HTTP and over the WebSocket. Times are UTC, milliseconds since 1970."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from cloud.console.bed_board import MAX_BEDS_IN_VIEW, MAX_TILE_LEADS

AlarmState = Literal["active", "latched", "acknowledged", "ended", "cleared"]


class EvidenceOut(BaseModel):
    """One number a rule decided on."""

    name: str
    value: float
    unit: str


class AlarmOut(BaseModel):
    """An alarm as it stands."""

    alarm_id: str
    bed: str
    code: str
    name: str
    priority: Literal["high", "medium", "low", "technical"]
    lethal: bool
    state: AlarmState = Field(description="latched: the condition is over but nobody has acknowledged a lethal alarm")
    reason: str
    onset_time_ms: float
    detected_time_ms: float
    raised_time_ms: float
    ended_time_ms: float | None
    origins: list[Literal["edge", "stream"]]
    acknowledged_by: str
    acknowledged_time_ms: float | None
    audio_paused_until_ms: float | None
    downgraded: str
    judged: Literal["", "true", "false"]
    interpretation: str
    evidence: list[EvidenceOut]


class EventOut(BaseModel):
    """One event of an alarm's life."""

    number: int
    kind: str
    time_ms: float
    actor: str
    detail: str
    reason: str


class LeadStripOut(BaseModel):
    """One lead of a strip; None where there is no sample."""

    name: str
    connected: bool
    mv: list[float | None]


class StripOut(BaseModel):
    """A stretch of signal in millivolts."""

    bed: str
    epoch: int
    first_sample: int
    fs_hz: float
    start_time_ms: float
    leads: list[LeadStripOut]


class InterpretationEventOut(BaseModel):
    """One event of an interpretation; which fields are set depends on kind."""

    alarm_id: str
    escalation_id: str
    number: int
    kind: str
    time_ms: float
    model_id: str
    body: dict[str, object]


class AlarmDetailOut(BaseModel):
    """An alarm with its life, its strip and what the reasoner said of it."""

    alarm: AlarmOut
    events: list[EventOut]
    interpretation: list[InterpretationEventOut]
    strip: StripOut | None


class LeadQualityOut(BaseModel):
    """Quality of one lead, 0 unusable to 1 clean."""

    lead: str
    index: float
    problems: list[str]


class VitalsOut(BaseModel):
    """The numbers on a tile. heart_rate_bpm is None when it cannot be measured, never zero."""

    bed: str
    time_ms: float
    heart_rate_bpm: float | None
    rhythm: str
    rhythm_name: str
    quality: list[LeadQualityOut]
    epoch: int
    beats: list[tuple[int, str]]


class BedOut(BaseModel):
    """A bed; handle names it in the binary frames."""

    bed: str
    handle: int
    agent_id: str
    leads: list[str]
    fs_hz: float
    device_state: str
    device_detail: str
    spooled_segments: int


class BedStatusOut(BedOut):
    """A bed with its numbers and its most urgent alarm."""

    signal_age_s: float | None
    signal_time_ms: float | None
    vitals: VitalsOut | None
    alarm: AlarmOut | None


class TrendOut(BaseModel):
    """Heart rate over the last hours, a point every few seconds."""

    time_s: list[float]
    heart_rate_bpm: list[float | None]


class LedgerRowOut(BaseModel):
    """One stream and epoch. Counts of the database's ledger, or of this console since it started."""

    model_config = ConfigDict(extra="allow")

    stream_id: str
    epoch: int


class LedgerOut(BaseModel):
    """Where every sequence number is; source says who counted."""

    source: Literal["database", "console"]
    rows: list[LedgerRowOut]


class BurdenRowOut(BaseModel):
    """Alarms of one priority or kind. Times to answer are of those acknowledged; None where none was."""

    priority: str
    code: str
    name: str
    alarms: int
    per_bed_day: float | None = Field(description="None where beds were watched for less than an hour in all")
    acknowledged: int
    answer_median_s: float | None
    answer_p95_s: float | None
    downgraded: int
    judged_true: int
    judged_false: int


class BurdenBedOut(BaseModel):
    """Alarms of one bed."""

    bed: str
    alarms: int
    technical: int
    acknowledged: int
    answer_median_s: float | None
    watched_h: float
    per_day: float | None


class BurdenHourOut(BaseModel):
    """Alarms raised in one hour, by priority."""

    time_ms: float
    high: int = 0
    medium: int = 0
    low: int = 0
    technical: int = 0


class BurdenOut(BaseModel):
    """What the beds ask of the people who watch them."""

    since_ms: float
    until_ms: float
    beds: int
    bed_days: float
    total: BurdenRowOut | None
    priorities: list[BurdenRowOut]
    kinds: list[BurdenRowOut]
    most_alarming: list[BurdenBedOut]
    hours: list[BurdenHourOut]


class StatusOut(BaseModel):
    """The console's own state."""

    status: Literal["ok", "starting", "degraded"]
    time_ms: float
    kafka: bool
    alarms_rebuilt: bool
    history: Literal["on", "off", "down"]
    beds: int
    standing_alarms: int
    unpublished_commands: int
    edge_to_console_p50_ms: float | None
    edge_to_console_p99_ms: float | None


class ReceiptOut(BaseModel):
    """What became of a request, and the alarm as it stands now (it changes when the stream has said so)."""

    command_id: str
    stored: bool
    published: bool
    alarm: AlarmOut


class AcknowledgeIn(BaseModel):
    """An acknowledgement or a pause."""

    model_config = ConfigDict(extra="forbid")
    comment: Annotated[str, Field(max_length=500)] = ""


class JudgeIn(BaseModel):
    """Was the alarm true?"""

    model_config = ConfigDict(extra="forbid")
    verdict: Literal["true", "false"]
    comment: Annotated[str, Field(max_length=500)] = ""


class SessionIn(BaseModel):
    """Who signs in."""

    model_config = ConfigDict(extra="forbid")
    user: str = Field(min_length=1, max_length=64)


class SessionOut(BaseModel):
    """Who is signed in, and who may."""

    user: str | None
    users: list[str]


class ProblemOut(BaseModel):
    """What went wrong, and with what."""

    error: str
    reason: str


class ViewIn(BaseModel):
    """What a page looks at; it says so again whenever that changes.

    Attributes:
        beds: Beds on screen.
        leads: Leads wanted for each of them.
        focus: Bed shown with all its leads.
        alarm: Alarm whose interpretation is shown.
    """

    model_config = ConfigDict(extra="forbid")
    type: Literal["view"]
    beds: list[str] = Field(default_factory=list, max_length=MAX_BEDS_IN_VIEW)
    leads: Annotated[int, Field(ge=1, le=MAX_TILE_LEADS)] = 1
    focus: Annotated[str | None, Field(max_length=64)] = None
    alarm: Annotated[str | None, Field(max_length=64)] = None
