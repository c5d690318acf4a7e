-- How far a mailbox with answers was read; its name is a digest.

CREATE TABLE mailboxes (name TEXT PRIMARY KEY, uid_validity INTEGER, last_uid INTEGER, unassigned INTEGER, reported REAL);
