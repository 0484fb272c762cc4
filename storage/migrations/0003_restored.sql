-- A database restored from a backup begins its streams anew. What it had sent keeps its place before them: its sequence less
-- 2^40 each time, below 1. Which stream that was, only the body says.
DROP VIEW deliveries;
CREATE VIEW deliveries AS
    SELECT m.id, s.destination, s.installation_id, s.object, m.operation_id, m.num_records, m.status, m.attempts,
           CASE WHEN m.status = 'pending' THEN m.next_attempt_at END AS next_attempt_at, m.created_at, m.updated_at,
           CASE WHEN m.sequence > 0 THEN s.id END AS stream_id, m.sequence & ((1 << 40) - 1) AS sequence
    FROM message m JOIN stream s ON s.key = m.stream_key;
