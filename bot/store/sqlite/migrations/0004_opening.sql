-- How far opening an adviser thread has come, to continue after a crash.
ALTER TABLE threads ADD COLUMN lines INTEGER NOT NULL DEFAULT 0;
ALTER TABLE threads ADD COLUMN told INTEGER;
