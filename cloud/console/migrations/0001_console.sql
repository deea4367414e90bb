-- What the console writes: who did what (append only), and the outbox of commands to the stream.

CREATE TABLE audit_log (
    entry bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    acted_at timestamptz NOT NULL,
    user_name text NOT NULL,
    action text NOT NULL,
    alarm_id text,
    stream_id text,
    command_id uuid,
    detail text NOT NULL DEFAULT '',
    remote_address text NOT NULL DEFAULT ''
);
COMMENT ON TABLE audit_log IS 'Who did what at the console, and when. Rows are added, never changed or removed.';
CREATE INDEX audit_log_time ON audit_log (acted_at DESC);
CREATE INDEX audit_log_alarm ON audit_log (alarm_id) WHERE alarm_id IS NOT NULL;
-- A command that is sent again after a crash is one act, not two.
CREATE UNIQUE INDEX audit_log_command ON audit_log (command_id) WHERE command_id IS NOT NULL;

CREATE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit_log is append only: % refused', TG_OP;
END $$;
CREATE TRIGGER audit_log_keep BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION audit_log_is_append_only();
CREATE TRIGGER audit_log_keep_all BEFORE TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only();

-- The outbox. published_at NULL: not on Kafka yet, sent again until it is. payload is the AlarmCommand message.
CREATE TABLE alarm_command (
    command_id uuid PRIMARY KEY,
    alarm_id text NOT NULL,
    stream_id text NOT NULL,
    agent_id text NOT NULL,
    kind text NOT NULL,
    user_name text NOT NULL,
    comment text NOT NULL DEFAULT '',
    requested_at timestamptz NOT NULL,
    payload bytea NOT NULL,
    published_at timestamptz
);
CREATE INDEX alarm_command_unpublished ON alarm_command (requested_at) WHERE published_at IS NULL;
CREATE INDEX alarm_command_time ON alarm_command (requested_at DESC);

-- Names offered at sign-in. Empty: the console's own settings name them.
CREATE TABLE console_user (
    user_name text PRIMARY KEY CHECK (length(user_name) BETWEEN 1 AND 64),
    role text NOT NULL DEFAULT 'nurse',
    active boolean NOT NULL DEFAULT true
);
