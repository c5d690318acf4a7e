-- What was wrong with an answer that got a thumb down.
ALTER TABLE feedback ADD COLUMN flaw text NOT NULL DEFAULT '';
