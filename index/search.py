"""Question -> Found | Ambiguous | Abstained | Intended."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.bare import bare, names
from index.cross_encoder import CrossEncoder
from index.decision import Evidence, Verdict
from index.encoder import Encoder
from index.near import BARE, NEIGHBOURS, QUESTION, near
from index.opened import Opened
from index.rerank import RERANKED, as_text, reordered
from index.words import words
from knowledge.entry import Layer
from knowledge.intents import Reply

QUESTION_WEIGHT = 2.0  # of the vote by questions, beside the mean of the votes by text
COVER_WEIGHT = 0.15  # of the wording, beside the cosines; both measured, see docs/figures.md
OPTIONS = 3
FIELD = slice(5, 25)  # the entries that the best one is compared with
NOTHING = np.zeros(0, np.float32)
MAX_QUESTION = 2_000  # characters; the encoder reads no more of a pasted page


@dataclass(frozen=True, slots=True)
class Hit:
    """A target with its fused score; ``place`` is where it stands among the votes."""

    target: str
    score: float
    place: int


@dataclass(frozen=True, slots=True)
class Votes:
    """What speaks for each target in question: its questions, its text, its wording, and all of it together.

    All of shape (n,); ``numbers`` are the targets'.
    """

    numbers: NDArray[np.int64]
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

    def __init__(self, opened: Opened, encoder: Encoder, cross_encoder: CrossEncoder | None = None) -> None:
        self.opened = opened
        self._encoder = encoder
        self.cross_encoder = cross_encoder

    def rank(self, question: str, limit: int) -> list[Hit]:
        """Entries by fused score, best first: retrieval alone, without intents and without a decision."""
        votes = self._votes(question)
        return self._ranked(question, votes, limit) if votes else []

    def nearest(self, question: str) -> list[int]:
        """The rows whose vectors are nearest to the question, best first."""
        return [int(row) for row in self.opened.dense.nearest(self._vector(question), NEIGHBOURS)[0]]

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
        if verdict is Verdict.ABSTAIN:
            return Abstained(None, probability)
        if self._is_gap(best):
            return Abstained(best, probability)
        if verdict is Verdict.ANSWER:
            return Found(best, probability, ranked[0].score, evidence)
        options = self._options(ranked)
        return Ambiguous(options, probability) if len(options) > 1 else Abstained(None, probability)

    def weigh(self, question: str) -> tuple[list[Hit], Evidence | None]:
        """The ranking and what speaks for its first; None where there is nothing to rank."""
        votes = self._votes(question)
        if votes is None:
            return [], None
        ranked = self._ranked(question, votes, FIELD.stop)
        is_intent = self.opened.is_intent[votes.numbers]
        intents, entries = np.where(is_intent, votes.question, 0.0), np.where(is_intent, 0.0, votes.question)
        closest, rival = int(intents.argmax()), float(entries.max())
        intended = bool(intents[closest] > rival)
        if intended:
            target = self.opened.targets[int(votes.numbers[closest])]
            ranked.insert(0, Hit(target, float(intents[closest]), closest))
        best = ranked[0]
        without_names, gap = (None, 0.0) if intended else self._bare(question, best)
        return ranked, Evidence(
            question=float(votes.question[best.place]),
            text=float(votes.text[best.place]),
            cover=float(votes.cover[best.place]),
            elsewhere=float(votes.cover.max() - votes.cover[best.place]),
            margin=0.0 if intended else _ahead(ranked[:2]),
            lead=_ahead([ranked[intended], *ranked[FIELD]]),
            rival=float(votes.question[best.place] - (rival if intended else intents[closest])),
            familiar=self.opened.lexical.familiar(question),
            is_gap=not intended and self._is_gap(best.target),
            is_intent=intended,
            words=len(words(question, "de")),
            bare=without_names,
            gap=gap,
        )

    def _votes(self, question: str) -> Votes | None:
        if not question.strip():
            return None
        cover = self.opened.cover.shares(question)
        found = near(self.opened, self._vector(question), cover)
        cover = cover[found.numbers]
        likeness = (QUESTION_WEIGHT * found.question + found.text) / (QUESTION_WEIGHT + 1)
        likeness = np.where(np.isnan(found.question), found.text, likeness)  # a document without example questions
        question_votes, text_votes = np.nan_to_num(found.question), np.nan_to_num(found.text)
        return Votes(found.numbers, question_votes, text_votes, cover, likeness + COVER_WEIGHT * cover)

    def _vector(self, question: str) -> NDArray[np.float32]:
        found: NDArray[np.float32] = self._encoder.encode_queries([question[:MAX_QUESTION].strip()])[0]
        return found

    def _hits(self, votes: Votes, limit: int) -> list[Hit]:
        scored = np.where(self.opened.is_intent[votes.numbers], -np.inf, votes.fused)
        best = [place for place in np.argsort(-scored, kind="stable")[:limit].tolist() if np.isfinite(scored[place])]
        return [Hit(self.opened.targets[int(votes.numbers[at])], float(scored[at]), at) for at in best]

    def _ranked(self, question: str, votes: Votes, limit: int) -> list[Hit]:
        hits = self._hits(votes, max(limit, RERANKED))
        if self.cross_encoder is None:
            return hits[:limit]
        first = [hit for hit in hits[:RERANKED] if not self._is_gap(hit.target)]
        texts = [as_text(self.opened.entry(hit.target, "de")) for hit in first]
        return reordered(hits, first, self.cross_encoder.scores(question[:MAX_QUESTION], texts))[:limit]

    def _bare(self, question: str, best: Hit) -> tuple[float | None, float]:
        """How near the question without the entry's names is to the entry's questions, and to the nearest gap."""
        if self._is_gap(best.target) or not self.opened.ballot:
            return None, 0.0
        rest = bare(question, names(self.opened.entries[best.target].values()))
        if rest == bare(question, frozenset()):
            return None, 0.0
        votes = near(self.opened, self._vector(rest), NOTHING).by_kind
        vote, gaps = float(votes[BARE, best.place]), votes[QUESTION, self.opened.is_gap]
        return None if math.isnan(vote) else vote, float(gaps.max(initial=0.0))

    def _is_gap(self, target: str) -> bool:
        return self.opened.entry(target, "de").layer is Layer.GAP

    def _options(self, ranked: Sequence[Hit]) -> tuple[str, ...]:
        """Entries to choose from; that the sources are silent on something is no choice."""
        return tuple([hit.target for hit in ranked if not self._is_gap(hit.target)][:OPTIONS])

    def _intended(self, intent: str, verdict: Verdict, probability: float) -> Outcome:
        reply = self.opened.intents[intent]
        if verdict is Verdict.ANSWER and reply is not Reply.REFUSAL:
            return Intended(intent, reply, probability)
        return Abstained(None, probability)


def _ahead(ranked: Sequence[Hit]) -> float:
    """How far the first is ahead of the mean of the others; 0 where there are none."""
    first, *others = (hit.score for hit in ranked)
    return first - sum(others) / len(others) if others else 0.0
