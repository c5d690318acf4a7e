"""What a person's data are named by in their export."""

from bot.flows.dialogue import Dialogue
from bot.flows.privacy import name_records


def test_ids_get_their_names(dialogue: Dialogue) -> None:
    """Entries, questions of the self-check and contacts are named in the person's language; unknown ids are not."""
    names = name_records(dialogue, ["backbone"], "en")

    assert names["entry"] == {"backbone": "Backbone"}
    assert names["contact"]["jacob-rohm"] == "Jacob Rohm"
    check = next(check for check in dialogue.selfchecks if check.lang == "en")
    assert names["question"] == {question.id: question.name for question in check.questions}
