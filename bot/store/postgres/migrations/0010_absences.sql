-- When the advisers are away; ends is the last second of the last day.

CREATE TABLE absences (
    tenant text NOT NULL DEFAULT current_setting('gw.tenant'),
    first text NOT NULL,
    last text NOT NULL,
    ends double precision,
    PRIMARY KEY (tenant, first, last)
);
ALTER TABLE absences ENABLE ROW LEVEL SECURITY;
ALTER TABLE absences FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON absences USING (tenant = current_setting('gw.tenant'))
    WITH CHECK (tenant = current_setting('gw.tenant'));
