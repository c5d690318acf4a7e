-- A chat's oldest update that is not done.
CREATE INDEX inbox_open ON inbox (chat, update_id) WHERE done = 0;
