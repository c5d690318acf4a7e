-- Updates, calls to make, people's states, their feedback, and requests.

CREATE TABLE inbox (
    update_id INTEGER PRIMARY KEY,
    chat TEXT NOT NULL,
    body TEXT NOT NULL,
    received REAL NOT NULL,
    done INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX idx_inbox_done_update_id ON inbox (done, update_id);

CREATE TABLE states (key TEXT PRIMARY KEY, user_id INTEGER NOT NULL, body TEXT NOT NULL, updated REAL NOT NULL);
CREATE INDEX idx_states_user_id ON states (user_id);

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    chat_id INTEGER,
    user_id INTEGER,
    method TEXT,
    params TEXT,
    question INTEGER,
    edit_question INTEGER,
    request TEXT DEFAULT '',
    status TEXT DEFAULT 'queued',
    attempts INTEGER DEFAULT 0,
    not_before REAL DEFAULT 0.0,
    message_id INTEGER,
    reason TEXT DEFAULT '',
    created REAL
);
CREATE INDEX idx_outbox_status_chat_id_id ON outbox (status, chat_id, id);
CREATE INDEX idx_outbox_chat_id_question ON outbox (chat_id, question);
CREATE INDEX idx_outbox_chat_id_message_id ON outbox (chat_id, message_id);

CREATE TABLE feedback (id INTEGER PRIMARY KEY, user_id INTEGER, entry TEXT, value INTEGER, created REAL);
CREATE UNIQUE INDEX idx_feedback_user_id_entry ON feedback (user_id, entry);

CREATE TABLE requests (
    reference TEXT PRIMARY KEY,
    chat_id INTEGER,
    user_id INTEGER,
    name TEXT,
    text TEXT,
    lang TEXT,
    status TEXT,
    consent TEXT,
    created TEXT
);
CREATE INDEX idx_requests_user_id ON requests (user_id);
