"""Prepare the bundled encoder in a folder: `python -m index.export FOLDER`.

Started by `bot.app.preparation`, since the memory that this takes would stay with a bot that does it itself.
"""

import sys
from pathlib import Path

from index.errors import EncoderError
from index.export.bundled_encoder import prepare_bundled_encoder

if __name__ == "__main__":
    try:
        prepare_bundled_encoder(Path(sys.argv[1]))
    except EncoderError as error:
        sys.exit(str(error))
