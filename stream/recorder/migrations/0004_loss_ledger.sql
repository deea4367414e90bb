-- The loss ledger: one query that proves where every sequence number of every stream is.
-- expected = stored + declared (gap record or dead letter) + waiting on an edge disk + not yet explained.

CREATE VIEW loss_ledger AS
WITH stored AS (
    SELECT stream_id, epoch, range_agg(int8range(first_seq, end_seq)) AS seqs, max(end_seq) AS top
    FROM waveform_block GROUP BY stream_id, epoch
),
declared AS (
    SELECT stream_id, epoch, range_agg(seqs) AS seqs, max(upper(seqs)) AS top,
        string_agg(DISTINCT reason, ', ' ORDER BY reason) AS reasons
    FROM (
        SELECT stream_id, epoch, int8range(first_seq, end_seq) AS seqs, reason FROM gap_record
        UNION ALL
        SELECT stream_id, epoch, int8range(seq, seq + 1), 'rejected' FROM dead_letter
        WHERE stream_id IS NOT NULL AND epoch IS NOT NULL AND seq IS NOT NULL
    ) every_gap
    GROUP BY stream_id, epoch
),
known AS (
    SELECT stream_id, epoch FROM stored UNION SELECT stream_id, epoch FROM device UNION SELECT stream_id, epoch FROM declared
),
edges AS (
    SELECT k.stream_id, k.epoch,
        greatest(coalesce(d.next_seq, 0), coalesce(s.top, 0), coalesce(g.top, 0)) AS next_seq,
        coalesce(s.seqs, '{}'::int8multirange) AS stored,
        coalesce(g.seqs, '{}'::int8multirange) AS declared,
        coalesce(g.reasons, '') AS reasons,
        coalesce(d.spooled_segments, 0) AS spooled,
        coalesce(d.state, 'unknown') AS device_state,
        d.reported_at
    FROM known k
    LEFT JOIN device d USING (stream_id, epoch)
    LEFT JOIN stored s USING (stream_id, epoch)
    LEFT JOIN declared g USING (stream_id, epoch)
),
missing AS (
    SELECT edges.*, int8multirange(int8range(0, next_seq)) - stored - declared AS open FROM edges
)
SELECT
    stream_id, epoch, device_state, next_seq AS expected,
    (SELECT coalesce(sum(upper(r) - lower(r)), 0)::bigint FROM unnest(stored) r) AS stored,
    (SELECT coalesce(sum(upper(r) - lower(r)), 0)::bigint FROM unnest(declared - stored) r) AS declared,
    reasons AS declared_reasons,
    spooled AS waiting_on_edge,
    -- Open and older than what the recorder may still hold: open ranges, less what waits on the edge.
    greatest((SELECT coalesce(sum(upper(r) - lower(r)), 0)::bigint FROM unnest(open) r) - spooled, 0) AS unexplained,
    open::text AS open_ranges,
    reported_at
FROM missing;
COMMENT ON VIEW loss_ledger IS
    'Per stream and epoch: sequence numbers expected, stored, declared lost with reasons, waiting on an edge disk, and unexplained. '
    'The newest few seconds are unexplained until the recorder''s next flush.';
