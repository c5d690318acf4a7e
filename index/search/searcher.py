"""Question -> Found | Ambiguous | Abstained | Intended."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.decision.calibration import Belief, Verdict
from index.decision.features import Order, Scope, Talk
from index.encoder.cross_encoder import CrossEncoder
from index.encoder.encoder import Encoder
from index.search.feature_extraction import FIELD, Sides, best, order, scope, talk
from index.search.near import NEIGHBOURS
from index.search.rerank import RERANKED, as_text, reordered
from index.search.scoring import Floats, Votes, bare_votes, named, votes
from index.storage.reader import Opened
from index.text.proper_names import NONE, bare
from knowledge.records.entry import Layer
from knowledge.records.intents import Reply

OPTIONS = 3
MAX_QUESTION = 2_000  # characters; the encoder reads no more of a pasted page


@dataclass(frozen=True, slots=True)
class Hit:
    """A target with its fused score; ``place`` is where it stands among the votes."""

    target: str
    score: float
    place: int


@dataclass(frozen=True, slots=True)
class Weighed:
    """All that a decision rests on: the answering entries, best first, and what is believed of the question.

    ``gap``: the entry that says that the sources are silent on what is asked; ``intent``: the nearest small talk or
    wish. Both "" where there are none.
    """

    ranked: tuple[Hit, ...]
    gap: str
    intent: str
    talk: Talk
    scope: Scope
    order: Order
    belief: Belief


@dataclass(frozen=True, slots=True)
class Found:
    """One entry answers the question."""

    entry: str
    probability: float
    score: float


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Two or three entries may answer it; the person chooses."""

    entries: tuple[str, ...]
    probability: float


@dataclass(frozen=True, slots=True)
class Abstained:
    """Nothing answers it. ``gap`` names the entry that says so, where one fits.

    ``beside``: it is nearer to what is no question on the subject at all than to any entry.
    """

    gap: str | None
    probability: float
    beside: bool = False


@dataclass(frozen=True, slots=True)
class Intended:
    """It is no question to the knowledge base: small talk, or the wish for a human."""

    intent: str
    reply: Reply
    probability: float


Outcome = Found | Ambiguous | Abstained | Intended
NOTHING = Abstained(None, 1.0)  # the outcome where there is nothing to decide on


def shown(outcome: Outcome) -> tuple[str, ...]:
    """The entry that is answered with, or those that are offered."""
    match outcome:
        case Found(entry):
            return (entry,)
        case Ambiguous(entries):
            return entries
        case _:
            return ()


class Searcher:
    """Search over one opened index. Holds no state between questions; safe to use from several threads."""

    def __init__(self, opened: Opened, encoder: Encoder, cross_encoder: CrossEncoder | None = None) -> None:
        self.opened = opened
        self._encoder = encoder
        self.cross_encoder = cross_encoder

    def rank(self, question: str, limit: int) -> list[Hit]:
        """Entries by fused score, best first: retrieval alone, without intents and without a decision."""
        if not question.strip():
            return []
        found, _ = self._votes(question)
        return self._ranked(question, found, ~self.opened.is_intent[found.numbers], limit)

    def nearest(self, question: str) -> list[int]:
        """The rows whose vectors are nearest to the question, best first."""
        return [int(row) for row in self.opened.dense.nearest(self._vectors(question)[0], NEIGHBOURS)[0]]

    def search(self, question: str) -> Outcome:
        """The decision for one question."""
        weighed = self.weigh(question)
        return self.decide(weighed) if weighed else NOTHING

    def decide(self, weighed: Weighed) -> Outcome:
        """The outcome of what was weighed."""
        belief, ranked = weighed.belief, weighed.ranked
        known_gap = weighed.gap and belief.silent > belief.answerable
        match self.opened.calibration.verdict(belief):
            case Verdict.TALK:
                return Intended(weighed.intent, self.opened.intents[weighed.intent], belief.talk)
            case Verdict.ANSWER:
                return Found(ranked[0].target, belief.right, ranked[0].score)
            case Verdict.CLARIFY if len(ranked) > 1 and not known_gap:
                return Ambiguous(tuple(hit.target for hit in ranked[:OPTIONS]), belief.answerable)
            case _:
                return Abstained(weighed.gap or None, belief.silent, beside=weighed.scope.refusal_ahead > 0)

    def weigh(self, question: str) -> Weighed | None:
        """What a decision on the question rests on; None where there is nothing to decide on."""
        if not question.strip():
            return None
        opened = self.opened
        found, beside = self._votes(question)
        sides = self._sides(found)
        ranked = self._ranked(question, found, sides.answering, FIELD.stop)
        if not ranked:
            return None
        first, scores = ranked[0].place, [hit.score for hit in ranked]
        said = talk(found, sides)
        asked = scope(found, beside, sides, first, scores, opened.lexical.familiar(question))
        placed = order(scores)
        intent = best(found.question, sides.talk)
        return Weighed(
            ranked=tuple(ranked),
            gap=self._gap(found, sides, first),
            intent="" if intent is None else self._target(found, intent)[1:],
            talk=said,
            scope=asked,
            order=placed,
            belief=opened.calibration.belief(said, asked, placed),
        )

    def _votes(self, question: str) -> tuple[Votes, Floats]:
        """The votes on a question, and those on what is left of it without names."""
        opened, rest = self.opened, bare(question, self.opened.names)
        if rest == bare(question, NONE):
            vector = self._vectors(question)[0]
            found = votes(opened, question, vector)
            return found, bare_votes(opened, vector, found.numbers)
        vector, without = self._vectors(question, rest)
        found = votes(opened, question, vector)
        beside = bare_votes(opened, without, found.numbers)
        return named(found, beside), beside

    def _sides(self, found: Votes) -> Sides:
        opened = self.opened
        gaps, intents, refusals = (
            marks[found.numbers] for marks in (opened.is_gap, opened.is_intent, opened.is_refusal)
        )
        return Sides(~(gaps | intents), gaps, intents & ~refusals, refusals)

    def _gap(self, found: Votes, sides: Sides, first: int) -> str:
        """The gap that is nearer than every entry that answers and than everything that is refused."""
        gap, refusal = best(found.likeness, sides.gaps), best(found.question, sides.refusals)
        if gap is None or found.likeness[gap] < found.likeness[first]:
            return ""
        if refusal is not None and found.question[gap] < found.question[refusal]:
            return ""
        return self._target(found, gap)

    def _vectors(self, *questions: str) -> Floats:
        found: Floats = self._encoder.encode_asked([question[:MAX_QUESTION].strip() for question in questions])
        return found

    def _target(self, found: Votes, place: int) -> str:
        return self.opened.targets[int(found.numbers[place])]

    def _ranked(self, question: str, found: Votes, among: NDArray[np.bool_], limit: int) -> list[Hit]:
        scored = np.where(among, found.fused, -np.inf)
        places = np.argsort(-scored, kind="stable")[: max(limit, RERANKED)].tolist()
        hits = [Hit(self._target(found, at), float(scored[at]), at) for at in places if np.isfinite(scored[at])]
        if self.cross_encoder is None:
            return hits[:limit]
        first = [hit for hit in hits[:RERANKED] if not self._is_gap(hit.target)]
        texts = [as_text(self.opened.entry(hit.target, "de")) for hit in first]
        return reordered(hits, first, self.cross_encoder.scores(question[:MAX_QUESTION], texts))[:limit]

    def _is_gap(self, target: str) -> bool:
        return self.opened.entry(target, "de").layer is Layer.GAP
