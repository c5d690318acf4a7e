"""Measure how well an encoder ranks entries for questions it was not adapted to, with sentence-transformers."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from index.export.bundled_encoder import E5_PROMPTS
from index.export.from_torch.bundled_model import load_bundled_model

# What is reported, by its name in the result of the evaluator.
FIGURES = {"accuracy@1": "cosine_accuracy@1", "accuracy@3": "cosine_accuracy@3", "mrr@10": "cosine_mrr@10"}


def measure_ranking(
    questions: Sequence[tuple[str, Collection[str]]], texts: Mapping[str, str], adapter: Path | None
) -> dict[str, float]:
    """Rank entries by the similarity of their texts alone to each question.

    Args:
        questions: each with the ids of the entries that answer it.
        texts: by the id of the entry.
        adapter: what is added to the bundled model; None for nothing.

    Returns:
        FIGURES: shares of the questions, and the mean of the inverse ranks of the first right entry; empty without
        a question that one of the texts answers.
    """
    from sentence_transformers.sentence_transformer.evaluation import InformationRetrievalEvaluator

    relevant = {str(number): texts.keys() & entries for number, (_, entries) in enumerate(questions)}
    relevant = {number: entries for number, entries in relevant.items() if entries}
    if not relevant:
        return {}
    evaluator = InformationRetrievalEvaluator(
        queries={number: questions[int(number)][0] for number in relevant},
        corpus=dict(texts),
        relevant_docs=relevant,
        accuracy_at_k=[1, 3],
        mrr_at_k=[10],
        query_prompt=E5_PROMPTS["query"],
        corpus_prompt=E5_PROMPTS["document"],
        write_csv=False,
    )
    result = evaluator(load_bundled_model(adapter))
    return {name: round(result[key], 3) for name, key in FIGURES.items()}
