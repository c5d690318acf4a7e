"""Adapt the default encoder to a knowledge base, with sentence-transformers' trainer and peft's LoRA.

Each question is pulled towards the other questions of its class, and away from those of all other classes, as badly
typed too; and what the encoder already tells apart is kept: vectors stay near those of the plain model.
"""

import random
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from index.encoder.quantization import Floats
from index.export.adapter import INPUT_FACTOR, OUTPUT_FACTOR
from index.export.bundled_encoder import E5_PROMPTS
from index.export.from_torch.bundled_model import LAYER_TENSOR_NAMES, load_bundled_model
from index.export.model_folder import StatusCallback
from index.training.examples import ExampleQuestion
from index.training.typing_errors import mistype

if TYPE_CHECKING:
    from datasets import Dataset
    from sentence_transformers import SentenceTransformer

ADAPTED_MODULES = r".*encoder\.layer\..*\.(query|key|value|dense)"  # all linear layers, but not the unused pooler
MAX_QUESTION_TOKENS = 32  # the few longer ones are cut; a question to the bot has about 14
MAX_PASSAGE_TOKENS = 48


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an adapter is trained.

    Attributes:
        steps: batches of questions.
        batch_size: questions in a batch, each in two views.
        rank: of the update of each matrix.
        learning_rate: at its peak, after a tenth of the steps; it then falls along a cosine.
        temperature: in units of the cosine; smaller, and only the nearest questions matter.
        typing_weight: of the mean squared error between a question's vector and that of its badly typed view.
        keeping_weight: of the mean squared error between a vector and that of the plain model.
        passages_per_step: passages that are kept near the plain model's vectors.
        language_weights: how often a question of a language is drawn, relative to German ones.
        share: of the trained update that is added to the weights.
        seed: of everything drawn.
    """

    steps: int = 240
    batch_size: int = 48
    rank: int = 16
    learning_rate: float = 5e-4
    temperature: float = 0.025
    typing_weight: float = 20.0
    keeping_weight: float = 40.0
    passages_per_step: int = 6
    language_weights: Mapping[str, float] = field(
        default_factory=lambda: {"en": 0.45} | dict.fromkeys(("tr", "uk", "ru", "ar", "fr", "es", "pl"), 0.8)
    )
    share: float = 0.5
    seed: int = 1


def train_adapter(
    questions: Sequence[ExampleQuestion], passages: Sequence[str], recipe: Recipe, progress: StatusCallback
) -> dict[str, Floats]:
    """Train an adapter; returns its factors by name (see `index.export.adapter.write_adapter`).

    Raises:
        EncoderError: as load_bundled_model.
    """
    import torch
    from peft import LoraConfig
    from sentence_transformers import SentenceTransformerTrainer
    from transformers import set_seed

    set_seed(recipe.seed)
    chance = random.Random(recipe.seed)  # noqa: S311 - for training
    progress("reading the plain model")
    model = load_bundled_model()
    model.max_seq_length = MAX_QUESTION_TOKENS
    progress(f"encoding {len(questions):,} questions with it")
    plain_vectors = _encode(model, [example.text for example in questions], "query")
    datasets = {
        "questions": _draw_questions(questions, recipe, chance),
        "passages": _draw_passages(model, passages, recipe, chance),
    }
    model.add_adapter(
        LoraConfig(
            task_type="FEATURE_EXTRACTION", r=recipe.rank, lora_alpha=recipe.rank, target_modules=ADAPTED_MODULES
        )
    )
    targets = [example.target for example in questions]
    losses = {
        "questions": _build_neighbourhood_loss(model, plain_vectors, targets, recipe),
        "passages": _build_keeping_loss(model, recipe),
    }
    progress(f"training {recipe.steps} steps")
    with tempfile.TemporaryDirectory(prefix="adapt-") as folder:
        arguments = _training_arguments(recipe, folder)
        SentenceTransformerTrainer(model=model, args=arguments, train_dataset=datasets, loss=losses).train()
    parameters = {name: value for name, value in model.named_parameters() if value.requires_grad}
    with torch.no_grad():
        return {_factor_name(name): value.float().numpy() for name, value in parameters.items()}


def _encode(model: "SentenceTransformer", texts: Sequence[str], prompt_name: str) -> Floats:
    vectors: Floats = model.encode(list(texts), prompt_name=prompt_name, batch_size=64, show_progress_bar=False)
    return vectors


def _draw_questions(questions: Sequence[ExampleQuestion], recipe: Recipe, chance: random.Random) -> "Dataset":
    """Draw all batches of questions: as written, as badly typed, and their numbers."""
    from datasets import Dataset

    weights = [recipe.language_weights.get(example.lang, 1.0) for example in questions]
    numbers = chance.choices(range(len(questions)), weights, k=recipe.steps * recipe.batch_size)
    prompt = E5_PROMPTS["query"]
    return Dataset.from_dict(
        {
            "written": [prompt + questions[number].text for number in numbers],
            "mistyped": [prompt + mistype(questions[number].text, chance) for number in numbers],
            "label": numbers,
        }
    )


def _draw_passages(
    model: "SentenceTransformer", passages: Sequence[str], recipe: Recipe, chance: random.Random
) -> "Dataset":
    """Draw all batches of passages, with their vectors by the plain model."""
    from datasets import Dataset

    drawn = chance.sample(passages, min(len(passages), recipe.steps * recipe.passages_per_step))
    texts = [passage[: 4 * MAX_PASSAGE_TOKENS] for passage in drawn]
    vectors = _encode(model, texts, "document")
    return Dataset.from_dict(
        {"passage": [E5_PROMPTS["document"] + text for text in texts], "label": vectors.tolist()}
    )


def _training_arguments(recipe: Recipe, folder: str) -> Any:
    from sentence_transformers import SentenceTransformerTrainingArguments

    return SentenceTransformerTrainingArguments(
        output_dir=folder,
        num_train_epochs=1,  # the datasets hold each batch once
        per_device_train_batch_size=recipe.batch_size,
        multi_dataset_batch_sampler="proportional",
        learning_rate=recipe.learning_rate,
        warmup_steps=0.1,
        lr_scheduler_type="cosine",
        bf16=True,
        use_cpu=True,
        seed=recipe.seed,
        save_strategy="no",
        logging_steps=20,
        report_to=[],
    )


def _build_neighbourhood_loss(
    model: "SentenceTransformer", plain_vectors: Floats, targets: Sequence[str], recipe: Recipe
) -> Any:
    """Build the loss of a batch of questions.

    The main term is the share that a question's own class does not have in a soft vote of all questions, which is how
    the decision sees it too (Goldberger et al., Neighbourhood Components Analysis, 2004, with the vectors of all
    questions kept in a bank, as of Wu et al., 2018). The losses of sentence-transformers compare a question with
    those of its batch alone, and few of its neighbours are among them.
    """
    import torch
    from torch.nn.functional import mse_loss

    class_numbers = {target: number for number, target in enumerate(sorted(set(targets)))}

    class NeighbourhoodLoss(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model
            self.classes = torch.tensor([class_numbers[target] for target in targets])
            self.plain = torch.tensor(plain_vectors)
            self.bank = self.plain.clone()

        def forward(self, features: Any, labels: torch.Tensor) -> torch.Tensor:
            """Return the loss of the two views of a batch; ``labels`` (batch,) are the questions' numbers."""
            numbers = labels.view(-1)
            written, mistyped = (self.model(view)["sentence_embedding"].float() for view in features)
            bank = self.bank.clone()  # the gradient needs it as it is now
            contrast = (self.compare(written, numbers, bank) + self.compare(mistyped, numbers, bank)) / 2
            typing = mse_loss(mistyped, written.detach())
            keeping = mse_loss(written, self.plain[numbers])
            self.bank[numbers] = written.detach()
            return contrast + recipe.typing_weight * typing + recipe.keeping_weight * keeping

        def compare(self, vectors: torch.Tensor, numbers: torch.Tensor, bank: torch.Tensor) -> torch.Tensor:
            """Return the mean negative logarithm of the own class's share of the vote."""
            rows = torch.arange(len(numbers))
            logits = vectors @ bank.T / recipe.temperature
            logits[rows, numbers] = -torch.inf
            is_other = self.classes[numbers][:, None] != self.classes[None]
            own = torch.logsumexp(logits.masked_fill(is_other, -1e4), 1)
            return (torch.logsumexp(logits, 1) - own).mean()

    return NeighbourhoodLoss()


def _build_keeping_loss(model: "SentenceTransformer", recipe: Recipe) -> Any:
    """Build the loss of a batch of passages, whose labels are the vectors of the plain model."""
    import torch

    class KeepingLoss(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, features: Any, labels: torch.Tensor) -> torch.Tensor:
            """Return the loss of a batch; ``labels`` has the shape (batch, dimension)."""
            vectors = self.model(features[0])["sentence_embedding"].float()
            return recipe.keeping_weight * torch.nn.functional.mse_loss(vectors, labels)

    return KeepingLoss()


def _factor_name(parameter: str) -> str:
    """Return the name of a factor as in the adapter for that of a parameter in the model."""
    match = re.search(r"encoder\.layer\.(\d+)\.(.+)\.lora_([AB])\.", parameter)
    assert match is not None
    tensor = next(key for key, module in LAYER_TENSOR_NAMES.items() if module == match[2])
    return f"l{match[1]}.{tensor}.{INPUT_FACTOR if match[3] == 'A' else OUTPUT_FACTOR}"
