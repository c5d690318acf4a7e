-- Which message a line of a transcript came from, so that its edit is found.
ALTER TABLE lines ADD COLUMN chat_id INTEGER;
ALTER TABLE lines ADD COLUMN message_id INTEGER;
