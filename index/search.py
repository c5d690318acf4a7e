"""Question -> Found | Ambiguous | Abstained | Intended."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.bare import bare, names
from index.decision import Evidence, Verdict
from index.encoder import Encoder
from index.opened import Opened
from index.vote import KINDS
from index.words import words
from knowledge.chunk import Kind
from knowledge.entry import Layer
from knowledge.intents import Reply

QUESTION_WEIGHT = 2.0  # of the vote by questions, beside the mean of the votes by text
COVER_WEIGHT = 0.15  # of the wording, beside the cosines; both measured, see docs/figures.md
OPTIONS = 3
NEIGHBOURS = 400  # rows looked through for examples that explain an answer
FIELD = slice(5, 25)  # the entries that the best one is compared with
MAX_QUESTION = 2_000  # characters; the encoder reads no more of a pasted page


@dataclass(frozen=True, slots=True)
class Hit:
    """A target with its fused score."""

    target: str
    score: float


@dataclass(frozen=True, slots=True)
class Votes:
    """What speaks for each target, shape (targets,): its questions, its text, its wording, and all of it together."""

    question: NDArray[np.float32]
    text: NDArray[np.float32]
    cover: NDArray[np.float32]
    fused: NDArray[np.float32]


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
        votes = self._votes(question)
        return self._hits(votes.fused, limit) if votes else []

    def nearest(self, question: str, limit: int = NEIGHBOURS) -> list[int]:
        """The rows whose vectors are nearest to the question, best first."""
        vector = self._encoder.encode_queries([question[:MAX_QUESTION].strip()])[0]
        return [int(row) for row in self.opened.dense.nearest(vector, limit)[0]]

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
        votes = self._votes(question)
        if votes is None:
            return [], None
        ranked = self._hits(votes.fused, FIELD.stop)
        numbers = {target: number for number, target in enumerate(self.opened.targets)}
        intents = np.where(self.opened.is_intent, votes.question, 0.0)
        closest, entries = int(intents.argmax()), float(np.where(self.opened.is_intent, 0.0, votes.question).max())
        is_intent = bool(intents[closest] > entries)
        if is_intent:
            ranked.insert(0, Hit(self.opened.targets[closest], float(votes.question[closest])))
        best = ranked[0]
        place = numbers[best.target]
        without_name, gap = (None, 0.0) if is_intent else self._bare(question, best.target, place)
        return ranked, Evidence(
            question=float(votes.question[place]),
            text=float(votes.text[place]),
            cover=float(votes.cover[place]),
            elsewhere=float(votes.cover.max() - votes.cover[place]),
            margin=0.0 if is_intent else _ahead(ranked[:2]),
            lead=_ahead([ranked[is_intent], *ranked[FIELD]]),
            rival=float(votes.question[place] - (entries if is_intent else intents[closest])),
            familiar=self.opened.lexical.familiar(question),
            is_gap=not is_intent and self._is_gap(best.target),
            is_intent=is_intent,
            words=len(words(question, "de")),
            bare=without_name,
            gap=gap,
        )

    def _votes(self, question: str) -> Votes | None:
        question = question[:MAX_QUESTION].strip()
        if not question:
            return None
        by_kind = self._by_kind(question)
        asked = by_kind[KINDS.index(Kind.QUESTION)]
        text = by_kind[[KINDS.index(kind) for kind in (Kind.TEXT, Kind.SENTENCE, Kind.WINDOW)]].mean(axis=0)
        cover = self.opened.cover.shares(question)
        likeness = (QUESTION_WEIGHT * asked + text) / (QUESTION_WEIGHT + 1)
        likeness = np.where(np.isnan(asked), text, likeness)  # a document without example questions
        return Votes(np.nan_to_num(asked), np.nan_to_num(text), cover, likeness + COVER_WEIGHT * cover)

    def _hits(self, fused: NDArray[np.float32], limit: int) -> list[Hit]:
        scored = np.where(self.opened.is_intent, -np.inf, fused)
        best = np.argsort(-scored, kind="stable")[:limit]
        return [Hit(self.opened.targets[n], float(scored[n])) for n in best.tolist() if np.isfinite(scored[n])]

    def _bare(self, question: str, entry_id: str, place: int) -> tuple[float | None, float]:
        """How near the question without the entry's names is to the entry's questions, and to the nearest gap."""
        if self._is_gap(entry_id):
            return None, 0.0
        rest = bare(question, names(self.opened.entries[entry_id].values()))
        if rest == bare(question, frozenset()):
            return None, 0.0
        by_kind = self._by_kind(rest)
        vote = float(by_kind[KINDS.index(Kind.BARE), place])
        gaps = by_kind[KINDS.index(Kind.QUESTION), self.opened.is_gap]
        return None if math.isnan(vote) else vote, float(gaps.max(initial=0.0))

    def _by_kind(self, question: str) -> NDArray[np.float32]:
        vector = self._encoder.encode_queries([question])[0]
        return self.opened.ballot.votes(self.opened.dense.similarities(vector) - self.opened.handicaps)

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


def _ahead(ranked: Sequence[Hit]) -> float:
    """How far the first is ahead of the mean of the others; 0 where there are none."""
    first, *others = (hit.score for hit in ranked)
    return first - sum(others) / len(others) if others else 0.0
