-- Columns of the time series, once. The next migration makes them hypertables or partitioned tables.

CREATE TABLE waveform_block_shape (
    stream_id text NOT NULL,
    epoch bigint NOT NULL,
    first_seq bigint NOT NULL,
    end_seq bigint NOT NULL,
    start_time timestamptz NOT NULL,
    start_time_ns bigint NOT NULL,
    first_sample bigint NOT NULL,
    n_samples integer NOT NULL,
    fs_hz double precision NOT NULL,
    lead_names text[] NOT NULL,
    lead_gains double precision[] NOT NULL,
    lead_baselines integer[] NOT NULL,
    leads_off boolean[] NOT NULL,
    codec smallint NOT NULL,
    packed bytea NOT NULL,
    PRIMARY KEY (stream_id, epoch, first_seq, start_time)
);

CREATE TABLE vitals_shape (
    stream_id text NOT NULL,
    epoch bigint NOT NULL,
    start_time timestamptz NOT NULL,
    end_time timestamptz NOT NULL,
    heart_rate_mean_bpm real,
    heart_rate_min_bpm real,
    heart_rate_max_bpm real,
    rhythm text NOT NULL,
    quality_min real,
    n_beats integer NOT NULL,
    n_ventricular integer NOT NULL,
    PRIMARY KEY (stream_id, epoch, start_time)
);

CREATE TABLE screening_shape (
    stream_id text NOT NULL,
    epoch bigint NOT NULL,
    first_sample bigint NOT NULL,
    end_sample bigint NOT NULL,
    start_time timestamptz NOT NULL,
    status text NOT NULL,
    detail text NOT NULL,
    model_id text NOT NULL,
    provider text NOT NULL,
    labels text[] NOT NULL,
    scores real[] NOT NULL,
    flags text[] NOT NULL,
    PRIMARY KEY (stream_id, epoch, first_sample, start_time)
);
