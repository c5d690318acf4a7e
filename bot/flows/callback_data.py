"""Callback data of buttons: a prefix for each flow. Callback data have at most 64 bytes."""

LANGUAGE_CALLBACK = "l:"  # l:<language>
CONSENT_CALLBACK = "v:"  # v:yes:<id of the question's message>:<entry>, v:no
INTRO_CALLBACK = "i:"  # i:<step>, i:<step>:<choice>, i:<action>:<value>
PRIVACY_CALLBACK = "p:"  # p:<action>, below the privacy notice
ERASURE_CALLBACK = "d:"  # d:yes, d:no: whether to delete everything
FORM_CALLBACK = "r:"  # r:<action>:<value>
SELFCHECK_CALLBACK = "k:"  # k:<action>:<value>
SELFCHECK_START_CALLBACK = f"{SELFCHECK_CALLBACK}start"
SELFCHECK_ADVICE_CALLBACK = f"{SELFCHECK_CALLBACK}advise:"
SHARE_BOT_CALLBACK = "share:bot"
REQUESTER_CALLBACK = "h:"  # h:<action>:<reference>[:<value>], the requester's buttons about a request
ADVISER_CALLBACK = "q:"  # q:<action>:<reference>[:<entry>], the advisers' buttons about a request
START_CALLBACK = "go:"  # go:ask, go:guide, go:talk, below the greeting
START_ADVICE_CALLBACK = f"{START_CALLBACK}talk"
ASK_CALLBACK = f"{START_CALLBACK}ask"
HANDOUT_PDF_CALLBACK = "t:pdf"
EXPLAIN_CALLBACK = "w:"  # w:<id of the question's message>:<number of the answer, from 0>
ENTRY_CALLBACK = "e:"  # e:<entry>
FEEDBACK_CALLBACK = "f:"  # f:<1 or 0>:<entry>, the thumbs below an answer
FLAW_CALLBACK = "n:"  # n:<flaw>:<entry>, what was wrong with an answer that got a thumb down
SOURCES_CALLBACK = "s:"  # s:<language>:<entry>, all its sources
MORE_CALLBACK = "m:"  # m:<1 or 0>:<language>:<id of the question's message>.<number of the answer>:<entry>
EASY_CALLBACK = "z:"  # z:<entry>, in Leichte Sprache
COMMAND_CALLBACK = "c:"  # c:<German command>, the next step below an answer
REQUEST_ADVICE = "talk"  # without a prefix
MAX_CALLBACK_BYTES = 64


def fits_button(data: str) -> bool:
    """Return whether callback data are short enough; the id of a long-named file in an external folder may not be."""
    return len(data.encode()) <= MAX_CALLBACK_BYTES
