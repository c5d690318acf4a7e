"""Search an index: a question becomes a decision with the entries it names."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

import numpy as np

from index.decision.calibration import Decision, Probabilities
from index.decision.target_classifier import log_ratio
from index.encoder.cross_encoder import CrossEncoder
from index.encoder.encoder import Encoder
from index.search.feature_extraction import BACKGROUND, best_index, extract_features
from index.search.result import EMPTY_RESULT, SearchResult
from index.search.scoring import BoolArray, Candidates, Float32Array, Hit, score_candidates
from index.search.sentences import find_best_sentence
from index.storage.reader import IndexReader
from index.text.proper_names import NO_NAMES, mask_names
from knowledge.parsing.plain_text import markdown_to_plain
from knowledge.records.entry import DETAILS_GAP, Entry, Layer
from knowledge.records.intents import ReplyKind

MAX_OPTIONS = 3  # entries offered in a choice, or next to an answer
MAX_RELATED_TO_GAP = 2
MAX_QUESTION_CHARS = 2_000  # the rest of a longer text is ignored
# The first entry of a choice is shown if some entry almost certainly answers, and it more likely than all others.
# Without the former, one unanswerable question in eight would be shown a text that does not answer it.
MIN_ANSWERABLE, MIN_TOP_CORRECT = 0.92, 0.5
SURE_REQUEST_PROBABILITY = 0.9  # of a wish for a human, from which no topics are offered next to one
MIN_REQUEST_LOG_ODDS = -math.log(2)  # a missed request for a human costs twice as much as a needless offer
MIN_RESEMBLANCE, RESEMBLANCE_MARGIN = 0.74, 0.02  # cosines; 7 of 2,000 labelled questions resemble other examples so
RERANK_DEPTH = 5  # entries at the top that a cross-encoder reorders
HitT = TypeVar("HitT")
_LETTER = re.compile(r"[^\W\d_]")


class Searcher:
    """Search over one open index; stateless and thread-safe.

    The optional cross-encoder reads question and text together, which is far slower than comparing two vectors, and
    reorders the best entries. Gaps keep their ranks: their text says that there is no answer, so no model scores it
    as one.
    """

    def __init__(self, reader: IndexReader, encoder: Encoder, cross_encoder: CrossEncoder | None = None) -> None:
        self.reader = reader
        self._encoder = encoder
        self.cross_encoder = cross_encoder
        self._example_vectors: dict[tuple[str, ...], Float32Array] = {}  # of `resembles`, encoded at first use

    def search(self, question: str, lang: str = "de") -> SearchResult:
        """Decide how to reply to a question, and load the entries that the reply names in ``lang``."""
        if not _LETTER.search(question):  # digits and signs are words of no language
            return EMPTY_RESULT
        reader = self.reader
        vector, candidates = self._score_candidates(question)
        hits = self._rank_candidates(question, candidates, candidates.is_answering, BACKGROUND.stop)
        if not hits:
            return EMPTY_RESULT
        coverage = reader.word_index.vocabulary_coverage(question)
        features = extract_features(candidates, hits, coverage)
        probabilities = reader.calibration.predict_probabilities(features)
        intent = self._find_intent(candidates)
        reply = reader.intent_replies.get(intent)
        decision = reader.calibration.choose_decision(probabilities, reply is ReplyKind.CONSULTATION)
        gap_id = self._find_gap(candidates, hits[0])
        gap_more_likely = gap_id and probabilities.unanswerable > probabilities.answerable
        if decision is Decision.CLARIFY and (
            len(hits) == 1 or (gap_more_likely and gap_is_nearest(candidates, hits[0]))
        ):
            decision = Decision.ABSTAIN
        entry_id = {Decision.ANSWER: hits[0].target, Decision.ABSTAIN: gap_id}.get(decision)
        entry = reader.get_entry(entry_id, lang) if entry_id else None
        nearest = self._load_nearest(hits, lang)
        is_choice = decision is Decision.CLARIFY
        is_near = decision is Decision.ABSTAIN and features.refusal_margin <= 0
        is_request = decision is Decision.SMALL_TALK and reply is ReplyKind.CONSULTATION
        may_be_question = is_request and probabilities.small_talk < SURE_REQUEST_PROBABILITY
        return SearchResult(
            decision=decision,
            probability=probabilities.of_decision(decision),
            entry=entry,
            options=nearest if is_choice else (),
            nearest=nearest[0] if is_choice and _is_clearly_nearest(nearest[0], probabilities) else None,
            related=self.load_related(entry, lang, hits) if entry else nearest if is_near or may_be_question else (),
            reply=reply if decision is Decision.SMALL_TALK else None,
            intent=intent,
            hits=tuple(hits),
            features=features,
            probabilities=probabilities,
            query_vector=vector,
            detail=find_best_sentence(reader, entry, vector) if entry and decision is Decision.ANSWER else None,
        )

    def show_entry(self, entry_id: str, lang: str) -> SearchResult | None:
        """Return a result that shows this entry without a search; None if there is no such entry."""
        if (entry := self.find_entry(entry_id, lang)) is None:
            return None
        decision = Decision.ABSTAIN if entry.layer is Layer.GAP else Decision.ANSWER
        return SearchResult(decision, 1.0, entry, related=self.load_related(entry, lang))

    def rank_entries(self, question: str, limit: int) -> list[Hit]:
        """Rank entries by fused score, best first: retrieval alone, gaps included, without intents or a decision."""
        if not question.strip():
            return []
        _, candidates = self._score_candidates(question)
        return self._rank_candidates(question, candidates, candidates.is_answering | candidates.is_gap, limit)

    def resembles(self, question: str, examples: tuple[str, ...], entry_id: str) -> bool:
        """Return whether a question is nearer to examples, or to those of an entry, than to any others."""
        if not _LETTER.search(question):
            return False
        vector, candidates = self._score_candidates(question)
        target_names = (self.reader.target_names[int(number)] for number in candidates.target_numbers)
        is_own = np.array([name == entry_id for name in target_names])
        by_questions = candidates.question_similarity
        own = float(by_questions[is_own].max(initial=0.0))
        nearest = max(own, float((self._encode_examples(examples) @ vector).max()))
        others = float(by_questions[~is_own].max(initial=0.0))
        return nearest >= max(MIN_RESEMBLANCE, others + RESEMBLANCE_MARGIN)

    def find_alike(self, question: str, examples: Mapping[str, tuple[str, ...]]) -> str:
        """Return the id of the entry whose examples a question resembles; "" for none."""
        vector = self._encode_queries(question)[0]
        closeness = {name: float((self._encode_examples(texts) @ vector).max()) for name, texts in examples.items()}
        best = max(closeness, key=closeness.__getitem__, default="")
        is_near = best in self.reader.entries and closeness[best] >= MIN_RESEMBLANCE
        return best if is_near and self.resembles(question, examples[best], best) else ""

    def find_entry(self, entry_id: str, lang: str) -> Entry | None:
        """Return an entry in a language, or in the first it has; None if there is no such entry."""
        return self.reader.get_entry(entry_id, lang) if entry_id in self.reader.entries else None

    def answering_entries(self, entry_ids: Iterable[str], lang: str) -> Iterator[Entry]:
        """Yield the entries that exist and answer something, in order; gaps are skipped."""
        for entry_id in entry_ids:
            entry = self.find_entry(entry_id, lang)
            if entry and entry.layer is not Layer.GAP:
                yield entry

    def load_related(self, entry: Entry, lang: str, hits: Sequence[Hit] = ()) -> tuple[Entry, ...]:
        """Load the entries to read next to this one; fewer for a gap.

        The gap of details belongs to no subject: the nearest of the ``hits`` are what it can offer.
        """
        limit = MAX_RELATED_TO_GAP if entry.layer is Layer.GAP else MAX_OPTIONS
        related = (hit.target for hit in hits) if hits and entry.id == DETAILS_GAP else entry.related
        return tuple(islice(self.answering_entries(related, lang), limit))

    def _load_nearest(self, hits: Sequence[Hit], lang: str) -> tuple[Entry, ...]:
        """Load the nearest entries, without one about the bot among others that are about the subject."""
        entries = [self.reader.get_entry(hit.target, lang) for hit in hits[: 2 * MAX_OPTIONS]]
        about_bot = [entry.layer is Layer.BOT for entry in entries[:MAX_OPTIONS]]
        if not entries or about_bot[0] or sum(about_bot) != 1:
            return tuple(entries[:MAX_OPTIONS])
        return tuple([entry for entry in entries if entry.layer is not Layer.BOT][:MAX_OPTIONS])

    def _score_candidates(self, question: str) -> tuple[Float32Array, Candidates]:
        masked_question = mask_names(question, self.reader.proper_names)
        if masked_question == mask_names(question, NO_NAMES):
            vector, masked_vector = self._encode_queries(question)[0], None
        else:
            vector, masked_vector = self._encode_queries(question, masked_question)
        return vector, score_candidates(self.reader, question, vector, masked_vector)

    def _encode_queries(self, *questions: str) -> Float32Array:
        return self._encoder.encode_queries([text[:MAX_QUESTION_CHARS].strip() for text in questions], fast=True)

    def _encode_examples(self, examples: tuple[str, ...]) -> Float32Array:
        if examples not in self._example_vectors:
            self._example_vectors[examples] = self._encode_queries(*examples)
        return self._example_vectors[examples]

    def _find_intent(self, candidates: Candidates) -> str:
        """Return the id of the nearest small talk or, if likelier, request for a human; "" for neither."""
        is_request = self.reader.is_request[candidates.target_numbers]
        is_talk = candidates.is_small_talk & ~is_request
        is_likelier = log_ratio(candidates.log_likelihood, is_request, is_talk) >= MIN_REQUEST_LOG_ODDS
        index = best_index(
            candidates.question_similarity, is_request if is_likelier and is_request.any() else is_talk
        )
        return "" if index is None else self._target_at(candidates, index)[1:]

    def _find_gap(self, candidates: Candidates, top: Hit) -> str:
        """Return the gap with the nearest example questions; "" if the top entry or a refused sentence is nearer.

        The top is nearer only if it also is with names masked: a question on PHINEO is near to what PHINEO is,
        whatever it asks.
        """
        by_questions, masked = candidates.question_similarity, candidates.masked_similarity
        gap_index = best_index(by_questions, candidates.is_gap)
        refusal_index = best_index(by_questions, candidates.is_refusal)
        if gap_index is None or all(
            scores[gap_index] < scores[top.candidate_index] for scores in (by_questions, masked)
        ):
            return ""
        if refusal_index is not None and by_questions[gap_index] < by_questions[refusal_index]:
            return ""
        return self._target_at(candidates, gap_index)

    def _target_at(self, candidates: Candidates, candidate_index: int) -> str:
        return self.reader.target_names[int(candidates.target_numbers[candidate_index])]

    def _rank_candidates(self, question: str, candidates: Candidates, mask: BoolArray, limit: int) -> list[Hit]:
        fused = np.where(mask, candidates.fused_score, -np.inf)
        ordered = np.argsort(-fused, kind="stable")[: max(limit, RERANK_DEPTH)].tolist()
        hits = [
            Hit(self._target_at(candidates, index), float(fused[index]), index)
            for index in ordered
            if np.isfinite(fused[index])
        ]
        if self.cross_encoder is None:
            return hits[:limit]
        rerankable = [hit for hit in hits[:RERANK_DEPTH] if not candidates.is_gap[hit.candidate_index]]
        texts = [cross_encoder_text(self.reader.get_entry(hit.target, "de")) for hit in rerankable]
        scores = self.cross_encoder.score_passages(question[:MAX_QUESTION_CHARS], texts)
        return reorder_hits(hits, rerankable, scores)[:limit]


def _is_clearly_nearest(entry: Entry, probabilities: Probabilities) -> bool:
    is_sure = probabilities.answerable >= MIN_ANSWERABLE and probabilities.top_correct >= MIN_TOP_CORRECT
    return is_sure and entry.layer is not Layer.BOT


def gap_is_nearest(candidates: Candidates, top: Hit) -> bool:
    """Return whether some gap is more similar than the top entry, by texts and example questions together."""
    gap_index = best_index(candidates.similarity, candidates.is_gap)
    return gap_index is not None and bool(
        candidates.similarity[gap_index] >= candidates.similarity[top.candidate_index]
    )


def cross_encoder_text(entry: Entry) -> str:
    """Return an entry as a cross-encoder reads it."""
    return f"{entry.title}. {markdown_to_plain(entry.body)}"


def reorder_hits(ranking: Sequence[HitT], subset: Sequence[HitT], scores: Float32Array) -> list[HitT]:
    """Reorder a subset of a ranking by ``scores`` (subset,), best first, within the ranks that it occupies."""
    by_score = iter([subset[position] for position in np.argsort(-scores, kind="stable")])
    return [next(by_score) if hit in subset else hit for hit in ranking]
