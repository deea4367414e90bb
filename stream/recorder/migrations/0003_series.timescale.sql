-- TimescaleDB: hypertables, compression, continuous aggregate, retention.

CREATE TABLE waveform_block (LIKE waveform_block_shape INCLUDING ALL);
CREATE TABLE vitals (LIKE vitals_shape INCLUDING ALL);
CREATE TABLE screening (LIKE screening_shape INCLUDING ALL);
DROP TABLE waveform_block_shape, vitals_shape, screening_shape;

SELECT create_hypertable('waveform_block', 'start_time', chunk_time_interval => INTERVAL '6 hours');
SELECT create_hypertable('vitals', 'start_time', chunk_time_interval => INTERVAL '1 day');
SELECT create_hypertable('screening', 'start_time', chunk_time_interval => INTERVAL '1 day');

ALTER TABLE waveform_block SET (
    timescaledb.compress, timescaledb.compress_segmentby = 'stream_id', timescaledb.compress_orderby = 'start_time'
);
ALTER TABLE vitals SET (
    timescaledb.compress, timescaledb.compress_segmentby = 'stream_id', timescaledb.compress_orderby = 'start_time'
);
ALTER TABLE screening SET (
    timescaledb.compress, timescaledb.compress_segmentby = 'stream_id', timescaledb.compress_orderby = 'start_time'
);
-- Blocks are merged to 60 s within the first hour (stream/recorder/merge.py); older chunks do not change but by backfill.
SELECT add_compression_policy('waveform_block', INTERVAL '1 day');
SELECT add_compression_policy('vitals', INTERVAL '2 days');
SELECT add_compression_policy('screening', INTERVAL '2 days');
SELECT add_retention_policy('waveform_block', INTERVAL '7 days');
SELECT add_retention_policy('vitals', INTERVAL '90 days');
SELECT add_retention_policy('screening', INTERVAL '90 days');

CREATE MATERIALIZED VIEW vitals_1min WITH (timescaledb.continuous) AS
SELECT
    stream_id,
    time_bucket(INTERVAL '1 minute', start_time) AS minute,
    avg(heart_rate_mean_bpm) AS heart_rate_mean_bpm,
    min(heart_rate_min_bpm) AS heart_rate_min_bpm,
    max(heart_rate_max_bpm) AS heart_rate_max_bpm,
    sum(n_ventricular) AS n_ventricular
FROM vitals
GROUP BY stream_id, minute
WITH NO DATA;
ALTER MATERIALIZED VIEW vitals_1min SET (timescaledb.materialized_only = false);
SELECT add_continuous_aggregate_policy('vitals_1min',
    start_offset => INTERVAL '3 hours', end_offset => INTERVAL '1 minute', schedule_interval => INTERVAL '1 minute');
