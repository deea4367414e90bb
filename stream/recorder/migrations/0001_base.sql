-- What is not a time series: streams, devices, gaps, alarms, interpretations, dead letters.

CREATE TABLE stream (
    stream_id text PRIMARY KEY,
    agent_id text NOT NULL,
    first_seen timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE stream IS 'Every stream ever recorded, by its pseudonymous id.';

-- The only table that knows who a stream is (DESIGN §4.9). Nothing joins it but the page's bed header.
CREATE TABLE patient_binding (
    stream_id text NOT NULL,
    patient_ref text NOT NULL,
    bound_at timestamptz NOT NULL DEFAULT now(),
    released_at timestamptz,
    bound_by text NOT NULL,
    PRIMARY KEY (stream_id, bound_at)
);

-- Last health of each stream and epoch: next_seq is the upper edge of what the ledger must account for.
CREATE TABLE device (
    stream_id text NOT NULL,
    epoch bigint NOT NULL,
    agent_id text NOT NULL,
    state text NOT NULL,
    detail text NOT NULL,
    next_seq bigint NOT NULL,
    spooled_segments bigint NOT NULL,
    reported_at timestamptz NOT NULL,
    PRIMARY KEY (stream_id, epoch)
);

CREATE TABLE gap_record (
    stream_id text NOT NULL,
    epoch bigint NOT NULL,
    first_seq bigint NOT NULL,
    end_seq bigint NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    declared_at timestamptz NOT NULL,
    PRIMARY KEY (stream_id, epoch, first_seq, end_seq, reason),
    CHECK (first_seq >= 0 AND first_seq < end_seq)
);

-- An alarm is its events. payload is the AlertEvent message; the columns are for people and queries.
CREATE TABLE alarm_event (
    alarm_id text NOT NULL,
    number integer NOT NULL,
    kind text NOT NULL,
    priority text NOT NULL,
    code text NOT NULL,
    stream_id text NOT NULL,
    epoch bigint NOT NULL,
    agent_id text NOT NULL,
    onset_time timestamptz NOT NULL,
    event_time timestamptz NOT NULL,
    actor text NOT NULL,
    detail text NOT NULL,
    reason text NOT NULL,
    payload bytea NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (alarm_id, number)
);
CREATE INDEX alarm_event_stream ON alarm_event (stream_id, event_time DESC);
CREATE INDEX alarm_event_time ON alarm_event (event_time DESC);

CREATE TABLE interpretation_event (
    escalation_id text NOT NULL,
    number integer NOT NULL,
    alarm_id text NOT NULL,
    stream_id text NOT NULL,
    kind text NOT NULL,
    model_id text NOT NULL,
    event_time timestamptz NOT NULL,
    payload bytea NOT NULL,
    PRIMARY KEY (escalation_id, number)
);
CREATE INDEX interpretation_event_alarm ON interpretation_event (alarm_id);

CREATE TABLE dead_letter (
    source_topic text NOT NULL,
    partition_number integer NOT NULL,
    message_offset bigint NOT NULL,
    error text NOT NULL,
    reason text NOT NULL,
    agent_id text NOT NULL,
    stream_id text,
    epoch bigint,
    seq bigint,
    payload bytea NOT NULL,
    payload_size bigint NOT NULL,
    event_time timestamptz NOT NULL
);
CREATE UNIQUE INDEX dead_letter_once ON dead_letter
    (source_topic, partition_number, message_offset, event_time, coalesce(stream_id, ''), coalesce(seq, -1));
CREATE INDEX dead_letter_stream ON dead_letter (stream_id, epoch, seq) WHERE stream_id IS NOT NULL;

-- An alarm as its events leave it: what the alarm list and the burden page read.
CREATE VIEW alarm AS
SELECT
    alarm_id,
    (array_agg(stream_id ORDER BY number))[1] AS stream_id,
    (array_agg(code ORDER BY number))[1] AS code,
    (array_agg(priority ORDER BY number DESC))[1] AS priority,
    (array_agg(reason ORDER BY number DESC))[1] AS reason,
    min(onset_time) AS onset_time,
    min(event_time) FILTER (WHERE kind = 'raised') AS raised_at,
    min(event_time) FILTER (WHERE kind = 'acknowledged') AS acknowledged_at,
    (array_agg(actor ORDER BY number) FILTER (WHERE kind = 'acknowledged'))[1] AS acknowledged_by,
    min(event_time) FILTER (WHERE kind = 'condition_ended') AS ended_at,
    min(event_time) FILTER (WHERE kind = 'cleared') AS cleared_at,
    (array_agg(detail ORDER BY number DESC) FILTER (WHERE kind = 'judged'))[1] AS judged,
    (array_agg(detail ORDER BY number DESC) FILTER (WHERE kind = 'downgraded'))[1] AS downgraded
FROM alarm_event
GROUP BY alarm_id;
