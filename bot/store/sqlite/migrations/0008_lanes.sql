-- Calls to the advisers, and e-mails, wait in a lane for each request.
ALTER TABLE outbox ADD COLUMN lane TEXT NOT NULL DEFAULT '';
UPDATE outbox SET lane = request WHERE place = 'thread' OR chat_id = 0;
DROP INDEX outbox_queued;
CREATE INDEX outbox_lanes ON outbox (limited, chat_id, lane, id, urgency) WHERE status = 'queued';
