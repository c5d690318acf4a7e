"""The commands people type, by language; the meaning is the German name."""

GERMAN = ("start", "frage", "einfuehrung", "beratung", "kontakt", "sprache", "hilfe", "datenschutz", "meinedaten",
          "loeschen", "abbrechen", "teilen", "selbstcheck", "mitnehmen")  # fmt: skip
ENGLISH = ("start", "question", "intro", "consult", "contact", "language", "help", "privacy", "mydata", "delete",
           "cancel", "share", "selfcheck", "takeaway")  # fmt: skip
ADVISERS = ("anfragen", "status")
MENU = {"de": GERMAN, "en": ENGLISH}
MEANING = {**dict(zip(ENGLISH, GERMAN, strict=True)), **{name: name for name in (*GERMAN, *ADVISERS)}}
