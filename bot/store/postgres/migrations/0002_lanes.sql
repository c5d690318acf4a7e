-- Calls to the advisers, and e-mails, wait in a lane for each request.
ALTER TABLE outbox ADD COLUMN lane text NOT NULL DEFAULT '';
ALTER TABLE outbox NO FORCE ROW LEVEL SECURITY; -- the rows of all tenants
UPDATE outbox SET lane = request WHERE place = 'thread' OR chat_id = 0;
ALTER TABLE outbox FORCE ROW LEVEL SECURITY;
DROP INDEX outbox_queued;
CREATE INDEX outbox_lanes ON outbox (tenant, limited, chat_id, lane, id, urgency) WHERE status = 'queued';
