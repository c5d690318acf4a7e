"""`gwbot calibrate`: fit what the bot decides by."""

import json
import tempfile
from dataclasses import asdict
from pathlib import Path

import click

from bot.cli.options import chosen_settings
from bot.cli.quality import existing, questions_option


@click.command()
@questions_option
def calibrate(path: Path) -> None:
    """Fit the decision on the labelled questions; writes index/decision/calibration.json. Then: gwbot index build"""
    from index.build.builder import build
    from index.decision.calibration import unfitted
    from index.encoder.encoder import OnnxEncoder
    from index.evaluation.dataset import read_labelled
    from index.evaluation.fit_calibration import bare, fit, sample
    from index.search.searcher import Searcher
    from index.storage.reader import open_index
    from knowledge.loader import HOUSE, load

    read = read_labelled(existing(path))
    items = [item for item in read if item.split == "calibration"] or read  # the rest judges what was fitted
    settings = chosen_settings()
    encoder = OnnxEncoder.load(settings.encoder_dir)
    knowledge = load(HOUSE)
    fitted = {}
    for name, content in (("house", knowledge), ("foreign", bare(knowledge))):
        with tempfile.TemporaryDirectory() as folder:
            build(content, encoder, unfitted(), Path(folder), known=settings.index_dir)
            searcher = Searcher(open_index(Path(folder), encoder), encoder)
            samples = [found for item in items if (found := sample(item, searcher))]
        calibration, error = fit(samples, f"{len(samples)} labelled questions, {name} content")
        fitted[name] = asdict(calibration)
        limits = f"answer from {calibration.answer_from}, offer from {calibration.offer_from}"
        click.echo(f"{name}: {limits}; expected calibration error on topics left out {error:.3f}")
    target = Path(__file__).parents[2] / "index" / "decision" / "calibration.json"
    target.write_text(json.dumps(fitted, indent=1) + "\n", encoding="utf-8")


COMMANDS = (calibrate,)
