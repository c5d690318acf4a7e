"""What the buttons carry: a prefix for each flow, at most 64 bytes with what follows."""

LANG = "l:"  # callback data
IMPROVE = "v:"  # callback data: v:yes:<id of the message that asked>:<entry>, v:no
STEP = "i:"  # callback data: i:<step>, i:<step>:<choice>, i:<action>:<value>
PAGE = "p:"  # callback data of the notice
DELETE = "d:"  # and of the second question
FORM = "r:"  # callback data: r:<action>:<value>
CHECK = "k:"  # callback data: k:<action>:<value>
BOT = "share:bot"  # callback data
ASIDE = "h:"  # callback data of the person's own buttons: h:<action>:<reference>[:<value>]
DESK = "q:"  # and of the advisers'
GO = "go:"  # callback data of the doors
TAKE = "t:"  # callback data
WHY = "w:"  # callback data: w:<id of the message that asked>:<number of the answer, from 0>
