-- When the advisers are away; ends is the last second of the last day.

CREATE TABLE absences (first TEXT, last TEXT, ends REAL, PRIMARY KEY (first, last));
