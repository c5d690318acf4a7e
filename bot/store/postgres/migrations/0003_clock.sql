-- Since when a chat or a call waits; what waited before that was known is tried at once, whichever tenant's it is.

ALTER TABLE holds ADD COLUMN noted double precision NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN noted double precision NOT NULL DEFAULT 0;

ALTER TABLE holds NO FORCE ROW LEVEL SECURITY;
ALTER TABLE outbox NO FORCE ROW LEVEL SECURITY;
DELETE FROM holds;
UPDATE outbox SET not_before = 0;
ALTER TABLE holds FORCE ROW LEVEL SECURITY;
ALTER TABLE outbox FORCE ROW LEVEL SECURITY;
