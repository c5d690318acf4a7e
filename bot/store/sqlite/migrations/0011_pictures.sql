-- What a team sees together is kept as it was when it was made, and who is part of it.

CREATE TABLE pictures (code TEXT PRIMARY KEY, words TEXT, people INTEGER, created REAL);
ALTER TABLE shares ADD COLUMN pictured INTEGER NOT NULL DEFAULT 0;
