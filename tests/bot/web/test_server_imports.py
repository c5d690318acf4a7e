"""Running the bot stays lean: packages for training, rendering and the sandbox are not imported."""

import os
import subprocess
import sys

from tests.support.paths import PREPARED

# Not pandas, which sqlite-utils imports where it is installed: with the extra `train`.
HEAVY = ("torch", "sentence_transformers", "transformers", "sklearn", "scipy", "onnx", "matplotlib",
         "aiosmtpd", "bot.sandbox", "typst", "psycopg")  # fmt: skip
PROGRAM = f"""
import sys
from bot.app.bootstrap import make_answerer
from bot.app.index_loader import open_index
from bot.settings import load_settings
import bot.cli.run, bot.cli.main, bot.cli.chat, bot.web.routes

settings = load_settings()
answer = make_answerer(settings, open_index(settings)).answer_question("Was ist Collective Impact?")
assert answer.status == "answered", answer
print([name for name in {HEAVY!r} if name in sys.modules])
"""


def test_serving_imports_nothing_heavy() -> None:
    """Answering a question imports none of the large optional packages."""
    environment = {**os.environ, "GW_DATA_DIR": str(PREPARED)}

    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, env=environment
    )

    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "[]"
