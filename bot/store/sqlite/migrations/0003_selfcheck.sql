-- Finished self-checks, team codes, and the answers shared under them.

CREATE TABLE checks (id INTEGER PRIMARY KEY, user_id INTEGER, answers TEXT, created REAL);
CREATE INDEX idx_checks_user_id ON checks (user_id);

CREATE TABLE codes (code TEXT PRIMARY KEY, created REAL);

CREATE TABLE shares (code TEXT, user_id INTEGER, answers TEXT, created REAL, PRIMARY KEY (code, user_id));
CREATE INDEX idx_shares_user_id ON shares (user_id);
