"""Typed commands by language. The German name of a command is its canonical one."""

GERMAN_COMMANDS = (
    "start",
    "frage",
    "einfuehrung",
    "beratung",
    "kontakt",
    "sprache",
    "hilfe",
    "datenschutz",
    "meinedaten",
    "loeschen",
    "abbrechen",
    "teilen",
    "selbstcheck",
    "mitnehmen",
)
ENGLISH_COMMANDS = (
    "start",
    "question",
    "intro",
    "consult",
    "contact",
    "language",
    "help",
    "privacy",
    "mydata",
    "delete",
    "cancel",
    "share",
    "selfcheck",
    "takeaway",
)
ADVISER_COMMANDS = ("anfragen", "status")
COMMANDS_BY_LANG = {"de": GERMAN_COMMANDS, "en": ENGLISH_COMMANDS}
CANONICAL_COMMANDS = {
    **dict(zip(ENGLISH_COMMANDS, GERMAN_COMMANDS, strict=True)),
    **{name: name for name in (*GERMAN_COMMANDS, *ADVISER_COMMANDS)},
}
