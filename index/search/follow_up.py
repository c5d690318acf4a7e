"""A message together with the answer before it: which entry is meant when somebody asks "und was kostet das?"."""

from dataclasses import dataclass

from index.search.leaning import Leaning, leaning
from index.search.searcher import OPTIONS, Abstained, Ambiguous, Found, Intended, Outcome, Searcher, shown
from index.text.analyzer import words
from knowledge.records.discourse_markers import Markers
from knowledge.records.entry import Layer

SURE = 0.8  # from this probability on, small talk and a wish are what they seem, however short
NEARLY = 0.9  # of the certainty alone is enough together, since a message that leans was meant so


@dataclass(frozen=True, slots=True)
class Understood:
    """The outcome for a message. ``about`` is the entry it was read together with; empty where it stands alone.

    ``more``: more was asked for, and the outcome offers what is related. ``told``: the entry shown before is still
    the nearest, and the outcome offers what lies next to it.
    """

    outcome: Outcome
    about: str = ""
    more: bool = False
    told: bool = False


def understand(searcher: Searcher, message: str, markers: Markers, last: str, lang: str) -> Understood:
    """The outcome for a message after the entry ``last`` was shown in ``lang``; ``last`` is empty where none was.

    A message that names its own subject is searched alone. One that leans is searched alone and together with the
    title of ``last``, and the surer outcome counts.
    """
    how = leaning(message, markers)
    if how is Leaning.NONE or last not in searcher.opened.entries:
        return Understood(searcher.search(message))
    if how is Leaning.MORE and (related := _related(searcher, last)):
        return Understood(Ambiguous(related, 1.0), last, more=True)
    alone = searcher.search(message)
    if _stands_alone(searcher, message, alone, how):
        return Understood(alone)
    return _together(searcher, message, alone, last, lang)


def in_context(message: str, title: str) -> str:
    """The message as it is searched together with an entry's title."""
    return f"{title}: {message}"


def _together(searcher: Searcher, message: str, alone: Outcome, last: str, lang: str) -> Understood:
    question = in_context(message, searcher.opened.entry(last, lang).title)
    within = searcher.search(question)
    found, surer = _entry(within), within.probability > NEARLY * alone.probability
    if found and found != last and (surer or _entry(alone) in ("", found)):
        return Understood(within, last)
    sure_alone = bool(_entry(alone) or isinstance(alone, Intended)) and (alone.probability >= SURE or not surer)
    if sure_alone or isinstance(within, Abstained | Intended):
        return Understood(alone)
    near = [hit.target for hit in searcher.rank(question, OPTIONS + 1)]
    first = shown(alone)[:1]
    options = dict.fromkeys(target for target in (*first, *near) if target != last)
    return Understood(Ambiguous(tuple(options)[:OPTIONS], within.probability), last, told=found == last)


def _stands_alone(searcher: Searcher, message: str, alone: Outcome, how: Leaning) -> bool:
    """Whether the message is sure of its subject without what came before."""
    if isinstance(alone, Intended):
        return how is Leaning.SHORT and alone.probability >= SURE
    entry = _entry(alone)
    if not entry:
        return isinstance(alone, Abstained) and alone.beside
    titles = searcher.opened.searched(entry)
    return any(set(words(one.title, one.lang)) & set(words(message, one.lang)) for one in titles)


def _entry(outcome: Outcome) -> str:
    """The entry that answers, or that says that the sources are silent."""
    match outcome:
        case Found(entry):
            return entry
        case Abstained(gap) if gap:
            return gap
        case _:
            return ""


def _related(searcher: Searcher, last: str) -> tuple[str, ...]:
    opened = searcher.opened
    known = [other for other in opened.entry(last, "de").related if other in opened.entries]
    return tuple(other for other in known if opened.entry(other, "de").layer is not Layer.GAP)[:OPTIONS]
