"""Callback data of the buttons: a prefix for each flow. Telegram allows 64 bytes with what follows."""

LANGUAGE_CALLBACK = "l:"  # callback data
CONSENT_CALLBACK = "v:"  # callback data: v:yes:<id of the message that asked>:<entry>, v:no
INTRO_CALLBACK = "i:"  # callback data: i:<step>, i:<step>:<choice>, i:<action>:<value>
PRIVACY_CALLBACK = "p:"  # callback data of the notice
ERASURE_CALLBACK = "d:"  # and of the second question
FORM_CALLBACK = "r:"  # callback data: r:<action>:<value>
SELFCHECK_CALLBACK = "k:"  # callback data: k:<action>:<value>
SELFCHECK_START_CALLBACK = f"{SELFCHECK_CALLBACK}start"
SHARE_BOT_CALLBACK = "share:bot"  # callback data
REQUESTER_CALLBACK = "h:"  # callback data of the person's own buttons: h:<action>:<reference>[:<value>]
ADVISER_CALLBACK = "q:"  # and of the advisers'
START_CALLBACK = "go:"  # callback data of the doors
HANDOUT_CALLBACK = "t:"  # callback data
HANDOUT_PDF_CALLBACK = f"{HANDOUT_CALLBACK}pdf"
ENTRY_CALLBACK = "e:"  # callback data: e:<entry>
FEEDBACK_CALLBACK = "f:"  # callback data of the thumbs: f:<1 or 0>:<entry>
REQUEST_ADVICE = "talk"  # the whole callback data
EXPLAIN_CALLBACK = "w:"  # callback data: w:<id of the message that asked>:<number of the answer, from 0>
MAX_CALLBACK_BYTES = 64


def fits_button(data: str) -> bool:
    """Tell whether callback data is short enough; the id of a long-named file in an external folder may not be."""
    return len(data.encode()) <= MAX_CALLBACK_BYTES
