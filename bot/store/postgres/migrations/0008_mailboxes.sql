-- How far a mailbox with answers was read; its name is a digest.

CREATE TABLE mailboxes (
    tenant text NOT NULL DEFAULT current_setting('gw.tenant'),
    name text NOT NULL,
    uid_validity bigint,
    last_uid bigint,
    unassigned bigint,
    reported double precision,
    PRIMARY KEY (tenant, name)
);
ALTER TABLE mailboxes ENABLE ROW LEVEL SECURITY;
ALTER TABLE mailboxes FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON mailboxes USING (tenant = current_setting('gw.tenant'))
    WITH CHECK (tenant = current_setting('gw.tenant'));
