"""Question -> Found | Ambiguous | Abstained | Intended."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.decision import Evidence, Verdict
from index.encoder import Encoder
from index.fuse import fuse
from index.opened import Opened
from index.scan import KINDS
from index.words import words
from knowledge.chunk import Kind
from knowledge.entry import Layer
from knowledge.intents import Reply

NEIGHBOURS = 400  # rows asked of FAISS; enough for every target that could matter
LEXICAL_LIMIT = 40
OPTIONS = 3
WEIGHTS = {"question": 2.0, "text": 0.5, "window": 0.25, "words": 0.5}
MAX_QUESTION = 2_000  # characters; the encoder reads no more of a pasted page


@dataclass(frozen=True, slots=True)
class Hit:
    """A target with its fused score; ``row`` is the nearest vector."""

    target: str
    score: float
    row: int


@dataclass(frozen=True, slots=True)
class Found:
    """One entry answers the question."""

    entry: str
    probability: float
    score: float
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Two or three entries may answer it; the person chooses."""

    entries: tuple[str, ...]
    probability: float


@dataclass(frozen=True, slots=True)
class Abstained:
    """Nothing answers it. ``gap`` names the entry that says so, where one fits."""

    gap: str | None
    probability: float


@dataclass(frozen=True, slots=True)
class Intended:
    """It is no question to the knowledge base: small talk, or the wish for a human."""

    intent: str
    reply: Reply
    probability: float


Outcome = Found | Ambiguous | Abstained | Intended


class Searcher:
    """Search over one opened index. Holds no state between questions; safe to use from several threads."""

    def __init__(self, opened: Opened, encoder: Encoder) -> None:
        self.opened = opened
        self._encoder = encoder

    def rank(self, question: str, limit: int) -> list[Hit]:
        """Entries by fused score, best first: retrieval alone, without intents and without a decision."""
        ranked, _ = self._rank(question)
        return [hit for hit in ranked if not hit.target.startswith("@")][:limit]

    def search(self, question: str) -> Outcome:
        """The decision for one question."""
        ranked, evidence = self.weigh(question)
        if not ranked or evidence is None:
            return Abstained(None, 0.0)
        probability = self.opened.calibration.probability(evidence)
        verdict = self.opened.calibration.verdict(probability)
        best = ranked[0].target
        if best.startswith("@"):
            return self._intended(best[1:], verdict, probability)
        if verdict is Verdict.ANSWER:
            if self._is_gap(best):
                return Abstained(best, probability)
            return Found(best, probability, ranked[0].score, evidence)
        options = self._options(ranked) if verdict is Verdict.CLARIFY else ()
        if len(options) > 1:
            return Ambiguous(options, probability)
        return Abstained(None, probability)

    def weigh(self, question: str) -> tuple[list[Hit], Evidence | None]:
        """The ranking and what speaks for its first; None where there is nothing to rank."""
        ranked, cosines = self._rank(question)
        if not ranked:
            return [], None
        best = ranked[0]
        is_intent = best.target.startswith("@")
        questions = cosines[Kind.QUESTION]
        lacking, unknown = (0, 0) if is_intent else self._beside_title(question, best.target)
        other_side = (score for target, score in questions.items() if target.startswith("@") != is_intent)
        return ranked, Evidence(
            question=questions.get(best.target, 0.0),
            text=max(cosines[Kind.TEXT].get(best.target, 0.0), cosines[Kind.WINDOW].get(best.target, 0.0)),
            margin=0.0 if is_intent else _margin(ranked),
            rival=questions.get(best.target, 0.0) - max(other_side, default=0.0),
            is_gap=not is_intent and self._is_gap(best.target),
            is_intent=is_intent,
            words=len(words(question, "de")),
            lacking=lacking,
            unknown=unknown,
        )

    def _beside_title(self, question: str, entry_id: str) -> tuple[int, int]:
        titles = {lang: entry.title for lang, entry in self.opened.entries[entry_id].items()}
        return self.opened.lexical.beside_title(question, entry_id, titles)

    def _rank(self, question: str) -> tuple[list[Hit], dict[Kind, dict[str, float]]]:
        question = question[:MAX_QUESTION].strip()
        if not question:
            return [], {}
        vector = self._encoder.encode_queries([question])[0]
        rows, scores = self.opened.dense.nearest(vector, NEIGHBOURS)
        cosines, nearest = self._by_target(rows, scores)
        questions = cosines[Kind.QUESTION]
        voters = {
            "question": {target: score for target, score in questions.items() if not target.startswith("@")},
            "text": cosines[Kind.TEXT],
            "window": cosines[Kind.WINDOW],
            "words": dict(self.opened.lexical.search(question, LEXICAL_LIMIT)),
        }
        # A question in a language that is not indexed shares little more than names with any text.
        weights = {**WEIGHTS, "words": WEIGHTS["words"] * self.opened.lexical.known_share(question) ** 2}
        fused = fuse({name: found for name, found in voters.items() if found}, weights)
        ranked = [Hit(target, score, nearest.get(target, -1)) for target, score in fused]
        # An intent has example phrases and no text, so it is compared with the entries by those alone.
        closest = max(questions, key=questions.__getitem__, default="")
        if closest.startswith("@"):
            ranked.insert(0, Hit(closest, questions[closest], nearest[closest]))
        return ranked, cosines

    def _by_target(
        self, rows: NDArray[np.int64], scores: NDArray[np.float32]
    ) -> tuple[dict[Kind, dict[str, float]], dict[str, int]]:
        """For each kind the targets with their scores, and each target's nearest row.

        A target's score is the mean of its two best questions, or its best text: one lucky question is not enough.
        """
        adjusted = scores - self.opened.handicaps[rows]
        found: dict[Kind, dict[str, list[float]]] = {kind: {} for kind in Kind}
        nearest: dict[str, int] = {}
        order = np.argsort(-adjusted, kind="stable")
        owners, kinds = self.opened.owners[rows], self.opened.kinds[rows]
        for place in order.tolist():
            target = self.opened.targets[owners[place]]
            found[KINDS[kinds[place]]].setdefault(target, []).append(float(adjusted[place]))
            nearest.setdefault(target, int(rows[place]))
        lowest = float(adjusted.min(initial=1.0))  # a question outside the neighbours scores at most this much
        cosines = {
            kind: {target: _vote(kind, scored, lowest) for target, scored in targets.items()}
            for kind, targets in found.items()
        }
        return cosines, nearest

    def _is_gap(self, target: str) -> bool:
        return self.opened.entry(target, "de").layer is Layer.GAP

    def _options(self, ranked: Sequence[Hit]) -> tuple[str, ...]:
        entries = [hit.target for hit in ranked if not hit.target.startswith("@")][:OPTIONS]
        return tuple(entries) if not all(map(self._is_gap, entries)) else ()

    def _intended(self, intent: str, verdict: Verdict, probability: float) -> Outcome:
        reply = self.opened.intents[intent]
        if verdict is Verdict.ANSWER and reply is not Reply.REFUSAL:
            return Intended(intent, reply, probability)
        return Abstained(None, probability)


def _margin(ranked: Sequence[Hit]) -> float:
    entries = [hit for hit in ranked if not hit.target.startswith("@")]
    return min(entries[0].score - entries[1].score, 5.0) if len(entries) > 1 else 5.0


def _vote(kind: Kind, scores: Sequence[float], lowest: float) -> float:
    if kind is not Kind.QUESTION:
        return scores[0]
    second = scores[1] if len(scores) > 1 else lowest
    return (scores[0] + second) / 2
