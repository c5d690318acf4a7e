"""The optional second stage: exported, served, asked for the best entries, and off by default."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from bot.cli.index import prepare
from index.encoder.cross_encoder import CrossEncoder
from index.encoder.encoder import OnnxEncoder
from index.errors import EncoderError
from index.evaluation.alternative import open_baseline
from index.export.from_torch.cross_encoder_export import export_cross_encoder
from index.search.live_index import LiveIndex
from index.search.searcher import Searcher, reorder_hits
from knowledge.records.entry import Layer
from tests.support.missing_tools import needs_torch
from tests.support.paths import PREPARED

QUESTION = "Was ist Collective Impact?"
PASSAGES = ["Collective Impact ist eine Form der Zusammenarbeit.", "Der Zug hat Verspätung.", "?", "Ein Satz. " * 300]
SIZES = {
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 128,
    "initializer_range": 0.1,
}
LETTERS = [chr(code) for code in range(33, 127)]


def bert(folder: Path, labels: int = 1) -> Path:
    """An untrained BERT over letters, which tells two texts apart by segments."""
    import transformers

    some: Any = transformers  # its classes are found at run time
    some.set_seed(7)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *(f"##{letter}" for letter in LETTERS)]
    config = some.BertConfig(
        vocab_size=len(words),
        num_labels=labels,
        **SIZES,
    )
    some.BertForSequenceClassification(config).save_pretrained(folder)
    some.BertTokenizerFast({word: at for at, word in enumerate(words)}).save_pretrained(folder)
    return folder


def roberta(folder: Path) -> Path:
    """An untrained XLM-RoBERTa over letters, which knows no segments and puts two marks between two texts."""
    import transformers

    some: Any = transformers
    some.set_seed(7)
    pieces = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("\u2581", -1.0)]
    pieces += [(letter, -2.0) for letter in LETTERS] + [("<mask>", 0.0)]
    config = some.XLMRobertaConfig(
        vocab_size=len(pieces),
        num_labels=1,
        **SIZES,
        max_position_embeddings=514,
        type_vocab_size=1,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
    )
    some.XLMRobertaForSequenceClassification(config).save_pretrained(folder)
    some.XLMRobertaTokenizerFast(vocab=pieces, model_max_length=512).save_pretrained(folder)
    return folder


@needs_torch
@pytest.mark.parametrize(("make", "segments", "between"), [(bert, True, 1), (roberta, False, 2)])
def test_served_scores_are_the_models(make: Any, segments: bool, between: int, tmp_path: Path) -> None:
    """A pair gets the score that the model gives it, alone and in company, also where the passage is too long."""
    import torch
    from sentence_transformers import CrossEncoder as Source

    source = make(tmp_path / "source")
    out = export_cross_encoder(str(source), tmp_path / "data" / "cross-encoder", lambda _: None)
    served = CrossEncoder.load(out)
    model = Source(str(source), device="cpu")
    expected = model.predict([(QUESTION, one) for one in PASSAGES], activation_fn=torch.nn.Identity(), batch_size=1)

    together = served.score_passages(QUESTION, PASSAGES)
    alone = np.concatenate([served.score_passages(QUESTION, [one]) for one in PASSAGES])

    assert (served.card.segments, len(served.card.between)) == (segments, between)
    assert np.abs(together - expected).max() < 0.1 * np.abs(expected).max()
    assert np.allclose(together, alone, atol=1e-3)
    assert [path.name for path in out.parent.iterdir()] == ["cross-encoder"]


@needs_torch
def test_a_model_with_several_scores_is_refused(tmp_path: Path) -> None:
    """A classifier of pairs is not what we can serve; nothing is left behind."""
    source = bert(tmp_path / "source", labels=3)

    with pytest.raises(EncoderError, match="does not give a single score"):
        export_cross_encoder(str(source), tmp_path / "data" / "cross-encoder", lambda _: None)
    assert not (tmp_path / "data").exists()


def test_without_one_the_error_says_what_to_run(tmp_path: Path) -> None:
    """An empty folder is a clear error."""
    with pytest.raises(EncoderError, match=r"No cross-encoder in .*; run: gwbot model prepare NAME --cross-encoder"):
        CrossEncoder.load(tmp_path)


def test_none_is_bundled() -> None:
    """Without a name there is nothing to prepare."""
    done = CliRunner().invoke(prepare, ["--cross-encoder"])

    assert done.exit_code != 0
    assert "No cross-encoder is bundled" in done.output


@dataclass(frozen=True)
class Hit:
    """A place in a ranking."""

    target: str


def test_only_some_change_places() -> None:
    """The others stay where they are."""
    ranking = [Hit(name) for name in "abcdef"]
    some = [ranking[at] for at in (0, 2, 3)]

    new = reorder_hits(ranking, some, np.array([0.1, 0.3, 0.2], np.float32))

    assert "".join(hit.target for hit in new) == "cbdaef"


@needs_torch
def test_the_best_entries_are_put_in_its_order(live: LiveIndex, encoder: OnnxEncoder, tmp_path: Path) -> None:
    """Behind an index it changes the order of the first five and nothing else."""
    export_cross_encoder(str(bert(tmp_path / "source")), tmp_path / "cross-encoder", lambda _: None)
    plain = live.current_searcher()
    opened = plain.reader
    staged = Searcher(opened, encoder, CrossEncoder.load(tmp_path / "cross-encoder"))
    questions = [QUESTION, "Welche Kritik gibt es?", "Was kostet das?", "Wie beginnt man?", "Was tat Bocholt?"]

    def gap(target: str) -> bool:
        return opened.get_entry(target, "de").layer is Layer.GAP

    changed = 0
    for question in questions:
        before = [hit.target for hit in plain.rank_entries(question, 10)]
        after = [hit.target for hit in staged.rank_entries(question, 10)]
        assert set(before[:5]) == set(after[:5])
        assert before[5:] == after[5:]
        assert [hit.target for hit in staged.rank_entries(question, 1)] == after[:1]
        changed += before != after
        assert [one if gap(one) else "" for one in before] == [one if gap(one) else "" for one in after]
        both = [hit.target for hit in staged.search(question).hits if hit.target in after[:5]]
        assert both == [one for one in after[:5] if not gap(one)]
    assert changed


@needs_torch
def test_eval_against_it(tmp_path: Path) -> None:
    """`eval --against` puts a prepared one behind the index in use."""
    export_cross_encoder(str(bert(tmp_path / "source")), tmp_path / "cross-encoder", lambda _: None)

    with open_baseline(str(tmp_path / "cross-encoder"), PREPARED, PREPARED / "index") as (searcher, note):
        assert searcher.cross_encoder is not None
        assert "cross-encoder" in note
