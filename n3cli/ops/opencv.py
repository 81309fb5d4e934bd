"""OpenCV, loaded where it is needed: slim systems lack a library that it wants."""

from __future__ import annotations

from typing import Any

from n3cli.errors import ConfigError


def load_opencv(purpose: str) -> Any:
    """The module cv2.

    Args:
        purpose: what needs it, for the message.

    Raises:
        ConfigError: it cannot be loaded.
    """
    try:
        import cv2
    except ImportError as error:
        raise ConfigError(
            f"{purpose} OpenCV, which cannot be loaded ({error}); install the system's libGL, or "
            "opencv-python-headless instead of opencv-python"
        ) from error
    return cv2
