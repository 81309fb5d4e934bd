"""What tests of other people's weights share."""

from __future__ import annotations

import pytest


@pytest.fixture
def spandrel() -> object:
    """The package; tests that need it are skipped without."""
    return pytest.importorskip(
        "spandrel",
        reason="the extra `spandrel` is not installed or does not load",
        exc_type=Exception,
    )
