-- What belongs to an advisers' chat: ready answers, who writes there, whom they block, and since when it was greeted.

CREATE TABLE text_blocks (
    tenant text NOT NULL DEFAULT current_setting('gw.tenant'),
    desk bigint NOT NULL,
    name text NOT NULL,
    text text,
    created double precision,
    PRIMARY KEY (tenant, desk, name)
);

CREATE TABLE colleagues (
    tenant text NOT NULL DEFAULT current_setting('gw.tenant'),
    desk bigint NOT NULL,
    user_id bigint NOT NULL,
    name text,
    username text,
    seen double precision,
    PRIMARY KEY (tenant, desk, user_id)
);

CREATE TABLE blocked (
    tenant text NOT NULL DEFAULT current_setting('gw.tenant'),
    user_id bigint NOT NULL,
    until double precision,
    created double precision,
    PRIMARY KEY (tenant, user_id)
);

CREATE TABLE greeted (
    tenant text NOT NULL DEFAULT current_setting('gw.tenant'),
    desk bigint NOT NULL,
    at double precision,
    PRIMARY KEY (tenant, desk)
);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['text_blocks', 'colleagues', 'blocked', 'greeted'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY own ON %I USING (tenant = current_setting(''gw.tenant'')) '
            'WITH CHECK (tenant = current_setting(''gw.tenant''))', name
        );
    END LOOP;
END $$;
