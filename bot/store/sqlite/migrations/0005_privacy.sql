-- Threads of deleted requests, until their copies are deleted, and questions saved with consent.
ALTER TABLE threads ADD COLUMN erased REAL;

CREATE TABLE questions (
    id INTEGER PRIMARY KEY,
    user_id INTEGER,
    question TEXT,
    entry TEXT,
    consent TEXT,
    created REAL
);
CREATE INDEX idx_questions_user_id ON questions (user_id);
