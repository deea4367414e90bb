-- Plain PostgreSQL: native partitions by day, a view for the minutes, and our own upkeep (vigil_series_upkeep).

CREATE TABLE waveform_block (LIKE waveform_block_shape INCLUDING ALL) PARTITION BY RANGE (start_time);
CREATE TABLE vitals (LIKE vitals_shape INCLUDING ALL) PARTITION BY RANGE (start_time);
CREATE TABLE screening (LIKE screening_shape INCLUDING ALL) PARTITION BY RANGE (start_time);
DROP TABLE waveform_block_shape, vitals_shape, screening_shape;

-- A default partition takes what no day was made for: a device's clock may be wrong by years, and nothing is lost.
CREATE TABLE waveform_block_other PARTITION OF waveform_block DEFAULT;
CREATE TABLE vitals_other PARTITION OF vitals DEFAULT;
CREATE TABLE screening_other PARTITION OF screening DEFAULT;

-- How long each series is kept; edit the rows to change it.
CREATE TABLE series_retention (series text PRIMARY KEY, keep interval NOT NULL);
INSERT INTO series_retention VALUES
    ('waveform_block', INTERVAL '7 days'), ('vitals', INTERVAL '90 days'), ('screening', INTERVAL '90 days');

-- Makes the partitions of yesterday to the day after tomorrow, drops those past their retention. Run hourly by the recorder.
CREATE FUNCTION vigil_series_upkeep(at timestamptz DEFAULT now()) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    kept record;
    part record;
    day date;
    name text;
    dropped integer := 0;
BEGIN
    FOR kept IN SELECT series, keep FROM series_retention LOOP
        FOR offset_days IN -1..2 LOOP
            day := (at AT TIME ZONE 'UTC')::date + offset_days;
            name := format('%s_%s', kept.series, to_char(day, 'YYYYMMDD'));
            IF to_regclass(name) IS NULL THEN
                -- Rows of that day that already went to the default partition are moved over.
                EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', name, kept.series);
                EXECUTE format(
                    'WITH moved AS (DELETE FROM %I WHERE start_time >= %L AND start_time < %L RETURNING *)
                     INSERT INTO %I SELECT * FROM moved',
                    kept.series || '_other', day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC', name);
                EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                    kept.series, name, day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
            END IF;
        END LOOP;
        FOR part IN
            SELECT child.relname FROM pg_inherits
            JOIN pg_class child ON child.oid = inhrelid
            WHERE inhparent = kept.series::regclass AND child.relname ~ '_[0-9]{8}$'
        LOOP
            IF to_date(right(part.relname, 8), 'YYYYMMDD') + 1 < (at - kept.keep)::date THEN
                EXECUTE format('DROP TABLE %I', part.relname);
                dropped := dropped + 1;
            END IF;
        END LOOP;
    END LOOP;
    RETURN dropped;
END $$;
SELECT vigil_series_upkeep();

CREATE VIEW vitals_1min AS
SELECT
    stream_id,
    date_trunc('minute', start_time) AS minute,
    avg(heart_rate_mean_bpm) AS heart_rate_mean_bpm,
    min(heart_rate_min_bpm) AS heart_rate_min_bpm,
    max(heart_rate_max_bpm) AS heart_rate_max_bpm,
    sum(n_ventricular) AS n_ventricular
FROM vitals
GROUP BY stream_id, date_trunc('minute', start_time);
