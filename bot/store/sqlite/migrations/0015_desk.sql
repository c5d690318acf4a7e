-- What belongs to an advisers' chat: ready answers, who writes there, whom they block, and since when it was greeted.

CREATE TABLE text_blocks (desk INTEGER, name TEXT, text TEXT, created REAL, PRIMARY KEY (desk, name));

CREATE TABLE colleagues (
    desk INTEGER,
    user_id INTEGER,
    name TEXT,
    username TEXT,
    seen REAL,
    PRIMARY KEY (desk, user_id)
);

CREATE TABLE blocked (user_id INTEGER PRIMARY KEY, until REAL, created REAL);

CREATE TABLE greeted (desk INTEGER PRIMARY KEY, at REAL);
