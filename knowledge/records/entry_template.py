"""A new entry with placeholders: valid once every ‹…› is replaced, which the check of a folder asks for by line."""

from dataclasses import dataclass

from knowledge.records.entry import LEICHTE_SPRACHE, Layer


@dataclass(frozen=True, slots=True)
class _Words:
    title: str
    source: str
    url: str
    related: str
    question: str
    not_answered: str
    body: str


_GERMAN = _Words(
    title="Titel, höchstens 48 Zeichen",
    source="Quelle mit Jahr, etwa: FSG: Collective Impact (2011)",
    url="https://… Adresse der Quelle; ohne Adresse diese Zeile löschen",
    related="Name eines anderen Eintrags, etwa: backbone",
    question="Frage {number}, wie Menschen sie stellen",
    not_answered="Frage {number} nah am Thema, auf die kein Eintrag antwortet",
    body="Der erste Satz beantwortet die Frage. Dann kommt, was man als Nächstes wissen möchte; bis 700 Zeichen.",
)
_ENGLISH = _Words(
    title="title, at most 48 characters",
    source="source with its year, such as: FSG: Collective Impact (2011)",
    url="https://… address of the source; delete this line if it has none",
    related="name of another entry, such as: backbone",
    question="question {number}, as people ask it",
    not_answered="question {number} close to the subject that no entry answers",
    body="The first sentence answers the question. Then comes what one would like to know; up to 700 characters.",
)


def render_entry_template(lang: str, layer: Layer, question_count: int, not_answered_count: int) -> str:
    """Return the text of a new entry's file.

    Args:
        question_count: example questions to write.
        not_answered_count: questions to write that it does not answer; a gap has none.
    """
    words = _GERMAN if lang in ("de", LEICHTE_SPRACHE) else _ENGLISH
    lines = [f'title: "‹{words.title}›"', f"layer: {layer.value}"]
    if layer not in (Layer.GAP, Layer.BOT):
        lines += [f'source: "‹{words.source}›"', f'url: "‹{words.url}›"']
    lines += ["audience: [npo, stiftung, kommune, unternehmen, neugierige]", f'related: ["‹{words.related}›"]']
    lines += _list_questions("questions", words.question, question_count)
    lines += _list_questions("not", words.not_answered, not_answered_count if layer is not Layer.GAP else 0)
    return "\n".join(("---", *lines, "---", f"‹{words.body}›", ""))


def _list_questions(key: str, text: str, count: int) -> list[str]:
    questions = [f'  - "‹{text.format(number=number)}›"' for number in range(1, count + 1)]
    return [f"{key}:", *questions] if questions else []
