"""Question -> Found | Ambiguous | Abstained | Intended."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.decision.calibration import Decision, Probabilities
from index.decision.features import AnswerabilityFeatures, RankingFeatures, SmallTalkFeatures
from index.encoder.cross_encoder import CrossEncoder
from index.encoder.encoder import Encoder
from index.search.feature_extraction import (
    BACKGROUND,
    CandidateMasks,
    answerability_features,
    best_index,
    ranking_features,
    small_talk_features,
)
from index.search.near import MAX_NEIGHBOURS
from index.search.rerank import RERANK_DEPTH, cross_encoder_text, reorder_hits
from index.search.scoring import (
    CandidateScores,
    Float32Array,
    add_name_free_similarity,
    masked_scores,
    score_candidates,
)
from index.storage.reader import IndexReader
from index.text.proper_names import NO_NAMES, mask_names
from knowledge.records.entry import Layer
from knowledge.records.intents import ReplyKind

MAX_OPTIONS = 3
MAX_QUESTION_CHARS = 2_000  # characters; the encoder reads no more of a pasted page


@dataclass(frozen=True, slots=True)
class Hit:
    """A target with its fused score; ``place`` is where it stands among the votes."""

    target: str
    score: float
    candidate_index: int


@dataclass(frozen=True, slots=True)
class ScoredQuery:
    """All that a decision rests on: the answering entries, best first, and what is believed of the question.

    ``gap``: the entry that says that the sources are silent on what is asked; ``intent``: the nearest small talk or
    wish. Both "" where there are none.
    """

    hits: tuple[Hit, ...]
    gap_id: str
    intent: str
    small_talk: SmallTalkFeatures
    answerability: AnswerabilityFeatures
    ranking: RankingFeatures
    probabilities: Probabilities


@dataclass(frozen=True, slots=True)
class SingleMatch:
    """One entry answers the question."""

    entry_id: str
    probability: float
    score: float


@dataclass(frozen=True, slots=True)
class MultipleMatches:
    """Two or three entries may answer it; the person chooses."""

    entry_ids: tuple[str, ...]
    probability: float


@dataclass(frozen=True, slots=True)
class NoMatch:
    """Nothing answers it. ``gap`` names the entry that says so, where one fits.

    ``beside``: it is nearer to what is no question on the subject at all than to any entry.
    """

    gap_id: str | None
    probability: float
    off_topic: bool = False


@dataclass(frozen=True, slots=True)
class IntentMatch:
    """It is no question to the knowledge base: small talk, or the wish for a human."""

    intent: str
    reply: ReplyKind
    probability: float


SearchOutcome = SingleMatch | MultipleMatches | NoMatch | IntentMatch
EMPTY_QUERY_OUTCOME = NoMatch(None, 1.0)  # the outcome where there is nothing to decide on


def shown_entry_ids(outcome: SearchOutcome) -> tuple[str, ...]:
    """The entry that is answered with, or those that are offered."""
    match outcome:
        case SingleMatch(entry_id):
            return (entry_id,)
        case MultipleMatches(entry_ids):
            return entry_ids
        case _:
            return ()


class Searcher:
    """Search over one opened index. Holds no state between questions; safe to use from several threads."""

    def __init__(self, reader: IndexReader, encoder: Encoder, cross_encoder: CrossEncoder | None = None) -> None:
        self.reader = reader
        self._encoder = encoder
        self.cross_encoder = cross_encoder

    def rank_entries(self, question: str, limit: int) -> list[Hit]:
        """Entries by fused score, best first: retrieval alone, without intents and without a decision."""
        if not question.strip():
            return []
        candidates, _ = self._score_with_masking(question)
        return self._rank_candidates(question, candidates, ~self.reader.is_intent[candidates.target_numbers], limit)

    def nearest_rows(self, question: str) -> list[int]:
        """The rows whose vectors are nearest to the question, best first."""
        return [
            int(row)
            for row in self.reader.vector_index.find_nearest(self._encode_queries(question)[0], MAX_NEIGHBOURS)[0]
        ]

    def search(self, question: str) -> SearchOutcome:
        """The decision for one question."""
        scored = self.score_query(question)
        return self.decide_outcome(scored) if scored else EMPTY_QUERY_OUTCOME

    def decide_outcome(self, scored: ScoredQuery) -> SearchOutcome:
        """The outcome of what was weighed."""
        probabilities, hits = scored.probabilities, scored.hits
        gap_more_likely = scored.gap_id and probabilities.unanswerable > probabilities.answerable
        match self.reader.calibration.choose_decision(probabilities):
            case Decision.SMALL_TALK:
                return IntentMatch(scored.intent, self.reader.intent_replies[scored.intent], probabilities.small_talk)
            case Decision.ANSWER:
                return SingleMatch(hits[0].target, probabilities.correct, hits[0].score)
            case Decision.CLARIFY if len(hits) > 1 and not gap_more_likely:
                return MultipleMatches(tuple(hit.target for hit in hits[:MAX_OPTIONS]), probabilities.answerable)
            case _:
                return NoMatch(
                    scored.gap_id or None,
                    probabilities.unanswerable,
                    off_topic=scored.answerability.refusal_margin > 0,
                )

    def score_query(self, question: str) -> ScoredQuery | None:
        """What a decision on the question rests on; None where there is nothing to decide on."""
        if not question.strip():
            return None
        reader = self.reader
        candidates, masked = self._score_with_masking(question)
        masks = self._mask_candidates(candidates)
        hits = self._rank_candidates(question, candidates, masks.answering, BACKGROUND.stop)
        if not hits:
            return None
        top, hit_scores = hits[0].candidate_index, [hit.score for hit in hits]
        small_talk = small_talk_features(candidates, masks)
        answerability = answerability_features(
            candidates, masked, masks, top, hit_scores, reader.word_index.vocabulary_coverage(question)
        )
        ranking = ranking_features(hit_scores)
        intent_index = best_index(candidates.question_similarity, masks.small_talk)
        return ScoredQuery(
            hits=tuple(hits),
            gap_id=self._find_gap(candidates, masks, top),
            intent="" if intent_index is None else self._target_at(candidates, intent_index)[1:],
            small_talk=small_talk,
            answerability=answerability,
            ranking=ranking,
            probabilities=reader.calibration.predict_probabilities(small_talk, answerability, ranking),
        )

    def _score_with_masking(self, question: str) -> tuple[CandidateScores, Float32Array]:
        """The votes on a question, and those on what is left of it without names."""
        reader, masked_question = self.reader, mask_names(question, self.reader.proper_names)
        if masked_question == mask_names(question, NO_NAMES):
            vector = self._encode_queries(question)[0]
            candidates = score_candidates(reader, question, vector)
            return candidates, masked_scores(reader, vector, candidates.target_numbers)
        vector, masked_vector = self._encode_queries(question, masked_question)
        candidates = score_candidates(reader, question, vector)
        masked = masked_scores(reader, masked_vector, candidates.target_numbers)
        return add_name_free_similarity(candidates, masked), masked

    def _mask_candidates(self, candidates: CandidateScores) -> CandidateMasks:
        reader = self.reader
        gaps, intents, refusals = (
            flags[candidates.target_numbers] for flags in (reader.is_gap, reader.is_intent, reader.is_refusal)
        )
        return CandidateMasks(~(gaps | intents), gaps, intents & ~refusals, refusals)

    def _find_gap(self, candidates: CandidateScores, masks: CandidateMasks, top: int) -> str:
        """The gap that is nearer than every entry that answers and than everything that is refused."""
        gap_index, refusal_index = (
            best_index(candidates.similarity, masks.gaps),
            best_index(candidates.question_similarity, masks.refusals),
        )
        if gap_index is None or candidates.similarity[gap_index] < candidates.similarity[top]:
            return ""
        if (
            refusal_index is not None
            and candidates.question_similarity[gap_index] < candidates.question_similarity[refusal_index]
        ):
            return ""
        return self._target_at(candidates, gap_index)

    def _encode_queries(self, *questions: str) -> Float32Array:
        vectors: Float32Array = self._encoder.encode_queries(
            [question[:MAX_QUESTION_CHARS].strip() for question in questions], fast=True
        )
        return vectors

    def _target_at(self, candidates: CandidateScores, candidate_index: int) -> str:
        return self.reader.target_names[int(candidates.target_numbers[candidate_index])]

    def _rank_candidates(
        self, question: str, candidates: CandidateScores, mask: NDArray[np.bool_], limit: int
    ) -> list[Hit]:
        fused = np.where(mask, candidates.fused_score, -np.inf)
        ordered = np.argsort(-fused, kind="stable")[: max(limit, RERANK_DEPTH)].tolist()
        hits = [
            Hit(self._target_at(candidates, candidate_index), float(fused[candidate_index]), candidate_index)
            for candidate_index in ordered
            if np.isfinite(fused[candidate_index])
        ]
        if self.cross_encoder is None:
            return hits[:limit]
        rerankable = [hit for hit in hits[:RERANK_DEPTH] if not self._is_gap(hit.target)]
        texts = [cross_encoder_text(self.reader.get_entry(hit.target, "de")) for hit in rerankable]
        return reorder_hits(
            hits, rerankable, self.cross_encoder.score_passages(question[:MAX_QUESTION_CHARS], texts)
        )[:limit]

    def _is_gap(self, target: str) -> bool:
        return self.reader.get_entry(target, "de").layer is Layer.GAP
