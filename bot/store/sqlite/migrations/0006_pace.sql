-- Priorities of calls, Telegram's limits and waits, and recent calls to groups.
ALTER TABLE outbox ADD COLUMN urgency INTEGER NOT NULL DEFAULT 2;
ALTER TABLE outbox ADD COLUMN limited INTEGER NOT NULL DEFAULT 1;
UPDATE outbox SET urgency = 0 WHERE request <> '' OR method IN ('card', 'mail');
UPDATE outbox SET urgency = 1 WHERE urgency = 2 AND coalesce(origin_message, edits_message) NOT NULL;
UPDATE outbox SET limited = 0 WHERE method IN ('answerCallbackQuery', 'mail');
DROP INDEX IF EXISTS idx_outbox_status_chat_id_id;
CREATE INDEX outbox_queued ON outbox (limited, chat_id, id, urgency) WHERE status = 'queued';

CREATE TABLE holds (chat_id INTEGER PRIMARY KEY, until REAL);

CREATE TABLE group_calls (id INTEGER PRIMARY KEY, chat_id INTEGER, at REAL);
