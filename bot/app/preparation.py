"""Prepare encoder and index: on command, and at the start of a bot that has none.

| in the data folder                     | the sandbox        | a bot on Telegram  |
| no encoder, no index                   | prepares it        | prepares it        |
| made by another version of the program | replaces it        | error, as below    |
| damaged; an encoder of another model   | error that names the command to run | same |

An index in PostgreSQL, which other bots read too, is built on command only.
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.app.index_loader import make_index_backend
from bot.domain.durations import describe_time_left
from bot.errors import GwError
from bot.settings import Settings
from index.build.builder import BuildResult, IndexSource
from index.build.corpus import ProgressCallback
from index.build.folder_lock import lock_folder
from index.decision.calibration import load_calibration
from index.encoder.encoder import OnnxEncoder
from index.encoder.model_card import CARD_FILE, read_encoder_card
from index.errors import EncoderError, IndexUnusable
from index.storage.layout import CURRENT_LINK
from index.storage.manifest import read_manifest
from index.storage.reader import check_compatible, current_folder
from knowledge.loader import BUILT_IN, load_knowledge

PROJECT_ROOT = Path(__file__).parents[2]
STEPS = 10  # lines about the progress of an index

Say = Callable[[str], None]  # tells a person, in a sentence, what takes long
PrepareEncoder = Callable[[Path, Say], None]  # prepares the bundled encoder in a folder


def prepare_bundled(folder: Path, say: Say) -> None:
    """Prepare the bundled encoder in ``folder``, in a process of its own. Raises EncoderError."""
    say("Preparing the encoder (once, about 15 seconds) …")
    command = [sys.executable, "-m", "index.export", str(folder.absolute())]
    process = subprocess.run(  # noqa: S603 - our own program
        command, cwd=PROJECT_ROOT, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
    )
    if process.returncode:
        reason = process.stderr.strip().rpartition("\n")[2] or (
            f"its process ended ({process.returncode}); it needs 1.5 GB of memory"
        )
        raise EncoderError(f"The encoder cannot be prepared: {reason}")


def ensure_prepared(
    settings: Settings, say: Say, *, sandbox: bool, prepare_encoder: PrepareEncoder = prepare_bundled
) -> None:
    """Prepare what is missing to run the bot with these settings; write nothing if nothing is missing.

    A tenant's index is not built for the installation. Processes that start together take turns: the later ones find
    everything there.

    Args:
        say: called before and during what takes long.
        sandbox: also replace what another version of the program made, since the sandbox has no users.

    Raises:
        GwError: it cannot be prepared; what cannot be used for another reason is left to those who open it.
    """
    try:
        if not (_needs_encoder(settings, sandbox) or _needs_index(settings, sandbox)):
            return
        with claim_preparation(settings, say):
            if _needs_encoder(settings, sandbox):
                prepare_encoder(settings.encoder_dir, say)
            if _needs_index(settings, sandbox):
                say(f"Building the index of {settings.knowledge_dir or 'the built-in knowledge'} (once) …")
                build_index(settings, _report_steps(say))
                say("The index is ready.")
    except OSError as error:
        raise GwError(
            f"The encoder or the index is missing in {settings.data_dir} and cannot be prepared there "
            f"({error.strerror}). Set GW_DATA_DIR to a folder that can be written, or prepare both before: "
            "gwbot model prepare, gwbot index build"
        ) from None


@contextmanager
def claim_preparation(settings: Settings, say: Say) -> Iterator[None]:
    """Keep other processes from preparing an encoder in the data folder; it is made if it does not exist."""
    folder = settings.data_dir
    folder.mkdir(parents=True, exist_ok=True)
    with lock_folder(folder, lambda: say("Waiting: another process prepares encoder or index …")):
        for leftover in folder.glob(f".{settings.encoder_dir.name}-*"):  # by a process that was killed
            shutil.rmtree(leftover, ignore_errors=True)
        yield


def build_index(
    settings: Settings, progress: ProgressCallback, folder: Path | None = None, root: Path | None = None
) -> BuildResult:
    """Build the index and put it in use.

    Args:
        folder: knowledge folder; default: that of the settings.
        root: index folder; default: where the settings say.

    Raises:
        GwError: the knowledge, the encoder or the server of the index cannot be used.
    """
    if _is_encoder_outdated(settings.encoder_dir):
        raise GwError(
            f"The encoder in {settings.encoder_dir} is that of another version of this program, and the decision "
            "was not fitted with it. Run: gwbot model prepare"
        )
    knowledge = load_knowledge(folder or settings.knowledge_dir or BUILT_IN, settings.language, lazy=True)
    encoder = OnnxEncoder.load(settings.encoder_dir)
    source = IndexSource(knowledge, encoder, load_calibration(with_examples=bool(knowledge.intents)))
    return make_index_backend(settings, root).build_version(source, progress)


def _needs_encoder(settings: Settings, sandbox: bool) -> bool:
    if not (settings.encoder_dir / CARD_FILE).exists():
        return True
    return sandbox and _is_encoder_outdated(settings.encoder_dir)


def _needs_index(settings: Settings, sandbox: bool) -> bool:
    has_own_bot = sandbox or settings.telegram_token is not None
    if settings.index_url is not None or not has_own_bot:
        return False
    if not (settings.index_dir / CURRENT_LINK).is_dir():
        return True
    return sandbox and _is_index_outdated(settings)


def _is_encoder_outdated(folder: Path) -> bool:
    """Return whether this is the bundled model as another version of the program prepared it."""
    from index.export.bundled_encoder import MODEL_NAME, describe_revision

    try:
        card = read_encoder_card(folder)
    except EncoderError:
        try:
            content = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return False
        return isinstance(content, dict) and content.get("name") == MODEL_NAME
    return card.name == MODEL_NAME and card.revision not in (describe_revision(), describe_revision(adapter=None))


def _is_index_outdated(settings: Settings) -> bool:
    try:
        card = read_encoder_card(settings.encoder_dir)
    except EncoderError:
        return False  # an index cannot be built either
    root = settings.index_dir
    try:
        check_compatible(read_manifest(current_folder(root)), card, str(root))
    except IndexUnusable:
        return True
    return False


def _report_steps(say: Say) -> ProgressCallback:
    """Return a callback that says a line for each tenth of the texts, with the time left."""
    said, began = 0, time.monotonic()

    def report(activity: str, done: int, total: int | None) -> None:
        nonlocal said
        if activity == "encoding" and total and done * STEPS // total > said:
            said = done * STEPS // total
            time_left = describe_time_left(time.monotonic() - began, done, total)
            say(f"Building the index: {done:,} of {total:,} texts{time_left}")

    return report
