-- Since when a chat or a call waits; what waited before that was known is tried at once.
ALTER TABLE holds ADD COLUMN noted REAL NOT NULL DEFAULT 0.0;
ALTER TABLE outbox ADD COLUMN noted REAL NOT NULL DEFAULT 0.0;
DELETE FROM holds;
UPDATE outbox SET not_before = 0;
