-- What a team sees together is kept as it was when it was made, and who is part of it.

CREATE TABLE pictures (
    tenant text NOT NULL DEFAULT current_setting('gw.tenant'),
    code text NOT NULL,
    words text,
    people bigint,
    created double precision,
    PRIMARY KEY (tenant, code)
);
ALTER TABLE pictures ENABLE ROW LEVEL SECURITY;
ALTER TABLE pictures FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON pictures USING (tenant = current_setting('gw.tenant'))
    WITH CHECK (tenant = current_setting('gw.tenant'));

ALTER TABLE shares ADD COLUMN pictured bigint NOT NULL DEFAULT 0;
