"""`gwbot calibrate`: fit the decision on labelled questions."""

import json
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

import click

from bot.cli.options import chosen_settings, questions_option, require_questions_file
from bot.cli.terminal import showing_progress, track
from bot.errors import GwError

CALIBRATION_FILE = Path(__file__).parents[2] / "index" / "decision" / "calibration.json"


@click.command()
@questions_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=CALIBRATION_FILE,
    help="File to write instead of the one in use.",
)
def calibrate(path: Path | None, out: Path) -> None:
    """Fit the decision on labelled questions and write calibration.json. Then run: gwbot index build"""
    from index.build.builder import IndexSource, build_index
    from index.decision.calibration import unfitted_calibration
    from index.encoder.encoder import OnnxEncoder
    from index.evaluation.dataset import read_labelled_questions
    from index.evaluation.fit_calibration import extract_sample, fit_calibration, without_examples
    from index.evaluation.fit_leaning import fit_leaning
    from index.search.searcher import Searcher
    from index.storage.reader import open_index
    from knowledge.loader import BUILT_IN, load_knowledge

    labelled = read_labelled_questions(require_questions_file(path))
    items = [item for item in labelled if item.split == "calibration"] or labelled  # the rest tests the fit
    single_messages = [item for item in items if not item.history]
    settings = chosen_settings()
    encoder = OnnxEncoder.load(settings.encoder_dir)
    knowledge = load_knowledge(BUILT_IN)
    calibrations = {}
    for name, content in (("house", knowledge), ("foreign", without_examples(knowledge))):
        with tempfile.TemporaryDirectory() as folder:
            source = IndexSource(content, encoder, unfitted_calibration())
            with showing_progress("texts") as progress:
                build_index(source, Path(folder), progress, cache_root=settings.index_dir)
            reader = open_index(Path(folder), encoder)
            searcher = Searcher(reader, encoder)
            with showing_progress("questions") as progress:
                messages = track(single_messages, f"{name}: reading", len(single_messages), progress)
                samples = [extracted for item in messages if (extracted := extract_sample(item, searcher))]
            calibration, error = fit_calibration(samples, f"{len(samples)} labelled questions, {name} content")
            searcher = Searcher(replace(reader, calibration=calibration), encoder)
            calibration = replace(calibration, leaning=fit_leaning(items, searcher))
        calibrations[name] = asdict(calibration)
        thresholds = f"answer from {calibration.answer_from}, offer from {calibration.offer_from}"
        click.echo(f"{name}: {thresholds}; expected calibration error on topics left out {error:.3f}")
    try:
        out.write_text(json.dumps(calibrations, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise GwError(f"{out} cannot be written ({error.strerror}). Name another file with --out FILE.") from None


COMMANDS = (calibrate,)
