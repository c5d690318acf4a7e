-- Requests are JSON with a version; adviser threads and transcripts; calls say which message in which chat they are about.

-- Times of requests were texts, whole seconds in UTC.
CREATE TABLE new_requests (
    reference TEXT PRIMARY KEY,
    chat_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    status TEXT NOT NULL,
    created REAL NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL
);
INSERT INTO new_requests
SELECT reference, chat_id, user_id, status, unix_time, 0, json_object(
    'reference', reference, 'chat_id', chat_id, 'user_id', user_id, 'name', name, 'lang', lang, 'consent', consent,
    'details', json_object('concern', text), 'brief', json_object(), 'contact', '',
    'created', unix_time, 'since', unix_time
)
FROM (SELECT *, CAST(strftime('%s', created) AS REAL) AS unix_time FROM requests);
DROP TABLE requests;
ALTER TABLE new_requests RENAME TO requests;
CREATE INDEX idx_requests_user_id ON requests (user_id);
CREATE INDEX idx_requests_status_created ON requests (status, created);

CREATE TABLE threads (reference TEXT PRIMARY KEY, chat_id INTEGER, thread_id INTEGER, card INTEGER);
CREATE INDEX idx_threads_chat_id_thread_id ON threads (chat_id, thread_id);
CREATE INDEX idx_threads_chat_id_card ON threads (chat_id, card);

CREATE TABLE lines (id INTEGER PRIMARY KEY, reference TEXT, user_id INTEGER, side TEXT, text TEXT, created REAL);
CREATE INDEX idx_lines_reference ON lines (reference);

CREATE TABLE moved (old INTEGER PRIMARY KEY, new INTEGER);

-- The defaults are quoted as in the stores of earlier versions.
CREATE TABLE new_outbox (
    id INTEGER PRIMARY KEY,
    chat_id INTEGER,
    user_id INTEGER,
    method TEXT,
    params TEXT,
    origin_message INTEGER,
    edits_message INTEGER,
    request TEXT DEFAULT '',
    status TEXT DEFAULT 'queued',
    attempts INTEGER DEFAULT '0',
    not_before REAL DEFAULT '0.0',
    message_id INTEGER,
    reason TEXT DEFAULT '',
    created REAL,
    origin_chat INTEGER,
    edits_chat INTEGER,
    place TEXT,
    reply_chat INTEGER,
    reply_message INTEGER
);
INSERT INTO new_outbox
SELECT id, chat_id, user_id, method, params, question, edit_question, request, status, attempts, not_before, message_id,
    reason, created, iif(question NOT NULL, chat_id, NULL), iif(edit_question NOT NULL, chat_id, NULL), '', NULL, NULL
FROM outbox;
DROP TABLE outbox;
ALTER TABLE new_outbox RENAME TO outbox;
CREATE INDEX idx_outbox_status_chat_id_id ON outbox (status, chat_id, id);
CREATE INDEX idx_outbox_chat_id_question ON outbox (chat_id, origin_message);
CREATE INDEX idx_outbox_chat_id_message_id ON outbox (chat_id, message_id);
CREATE INDEX idx_outbox_origin_chat_origin_message ON outbox (origin_chat, origin_message);
