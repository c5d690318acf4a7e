-- Whether the copy of a message contains its writer's name, so that its edits contain it too.
ALTER TABLE lines ADD COLUMN signed INTEGER NOT NULL DEFAULT 0;
-- The name of a request's topic, so that it is not set again.
ALTER TABLE threads ADD COLUMN title TEXT NOT NULL DEFAULT '';
