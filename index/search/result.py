"""The result of a search: a decision, the entries it names, and the evidence for it."""

from dataclasses import dataclass, field

from index.decision.calibration import Decision, Probabilities
from index.decision.features import QueryFeatures
from index.search.scoring import Float32Array, Hit
from index.search.sentences import ScoredSentence
from knowledge.records.entry import Entry
from knowledge.records.intents import ReplyKind


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The decision on a message, with the entries it names in the language of the reply.

    Attributes:
        decision: how to reply.
        probability: that this is right, 0 to 1.
        entry: the answer; for an abstention the gap that fits, if any: the entry saying that no source answers.
        options: two or three entries to choose from, if that is the decision.
        nearest: the one of them that is meant more probably than all others together, to be shown at once; else None.
        related: entries to read next to ``entry``, or without one the nearest to a question that was refused,
            or to what may be a question and not the wish for a human that it is taken for.
        reply: small talk or a request for a human, if that is the decision.
        intent: the nearest intent of small talk or a request for a human, whatever was decided; "" if there is none.
        hits: the answering entries by fused score, best first; empty if nothing was searched.
        features, probabilities: the basis of the decision; None without hits.
        query_vector: the encoded query, shape (dimension,); None without hits.
        context: the entry in whose context the message was searched; None if it was searched by itself.
        offers_related: the user asked for more, and ``options`` are related to ``context``.
        already_shown: ``context`` itself is the nearest entry, and ``options`` are the next nearest.
        falls_back: ``entry`` tells what holds in general, since none tells it of ``context``, a single place.
        facet_question: the question on the subject that the message was taken for; "" if it was searched as it is.
        detail: the sentence of the entry shown, or of ``context`` if that was shown already, that comes closest.
    """

    decision: Decision
    probability: float
    entry: Entry | None = None
    options: tuple[Entry, ...] = ()
    related: tuple[Entry, ...] = ()
    reply: ReplyKind | None = None
    intent: str = ""
    hits: tuple[Hit, ...] = ()
    features: QueryFeatures | None = None
    probabilities: Probabilities | None = None
    query_vector: Float32Array | None = field(default=None, compare=False, repr=False)
    context: Entry | None = None
    offers_related: bool = False
    already_shown: bool = False
    falls_back: bool = False
    facet_question: str = ""
    nearest: Entry | None = None
    detail: ScoredSentence | None = field(default=None, compare=False)

    @property
    def shown_ids(self) -> tuple[str, ...]:
        """The ids of the entry that answers, or of those offered or quoted; a gap is none of them."""
        if self.decision is Decision.ANSWER and self.entry:
            return (self.entry.id,)
        shown_again = (self.context.id,) if self.context and self.already_shown else ()
        return (*shown_again, *(option.id for option in self.options))

    @property
    def subject_id(self) -> str:
        """The id of the entry that a follow-up may refer to: shown or quoted, or else offered first; "" if none.

        What holds in general was told instead of something about the subject, which stays the subject.
        """
        subject = (
            (self.context if self.falls_back else None)
            or self.entry
            or self.nearest
            or self.context
            or next(iter(self.options), None)
        )
        return subject.id if subject else ""

    @property
    def off_topic(self) -> bool:
        """Whether it is an abstention on something without words, or nearer to refused sentences than to entries."""
        return self.decision is Decision.ABSTAIN and (self.features is None or self.features.refusal_margin > 0)


EMPTY_RESULT = SearchResult(Decision.ABSTAIN, 1.0)  # if there is nothing to decide on
