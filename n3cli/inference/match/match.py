"""Correspondences of two pictures: putative ones, which of them are right, and the pose."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from n3cli.errors import ConfigError
from n3cli.inference.array import check_array, from_tensor, is_tensor
from n3cli.inference.match.matcher import THRESHOLD, Matcher
from n3cli.io.match.matches import Matches
from n3cli.ops.row_source import ArraySource
from n3cli.ops.two_view.camera import Camera, check_matrix
from n3cli.ops.two_view.feature import MAX_KEYPOINTS, RESIZE
from n3cli.zoo.folder import SetModel


def match(
    image0: np.ndarray | Tensor,
    image1: np.ndarray | Tensor,
    model: str | Path | SetModel | None = None,
    *,
    K: ArrayLike | None = None,  # noqa: N803 - the field's name
    K0: ArrayLike | None = None,  # noqa: N803
    K1: ArrayLike | None = None,  # noqa: N803
    max_keypoints: int = MAX_KEYPOINTS,
    resize: int = RESIZE,
    ratio: float | None = None,
    mutual: bool | None = None,
    threshold: float = THRESHOLD,
    estimator: str = "auto",
    pixel_threshold: float | None = None,
    seed: int = 0,
    device: str | torch.device = "auto",
) -> Matches:
    """Find the correspondences of two pictures, and how the camera moved between them.

    Args:
        image0: H×W or H×W×C (C is 1 or 3), uint8, uint16, or floating in [0, 1]; a NumPy array or a
            tensor.
        image1: the other picture, of any size.
        model: name, path or loaded model; None for the bundled default; ``"none"`` keeps what
            passes `ratio` and `mutual`.
        K: 3×3 camera matrix of both pictures in their pixels.
        K0: of the first alone.
        K1: of the second alone.
        max_keypoints: of a picture.
        resize: longest side in pixels of the copies that keypoints are looked for in; 0: no limit.
        ratio: keep matches whose descriptors are nearer than so many times the second nearest; 1
            keeps all; None is 1 for a model and 0.8 without one.
        mutual: keep matches that are each other's nearest only; None is no for a model and yes
            without one.
        threshold: keep matches that the model finds right with at least this probability.
        estimator: ``auto`` (PoseLib, else OpenCV's MAGSAC), ``poselib``, ``magsac``, ``ransac``,
            ``8pt`` or ``none``.
        pixel_threshold: distance to epipolar lines up to which a match agrees, in pixels; None is
            1, in the copies that keypoints were looked for in where these are smaller.
        seed: of the estimator's draws.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N``, ``mps`` or ``xpu``.

    Returns:
        Keypoints, matches, their confidence, and with both cameras E, R and t, X1 = R·X0 + t;
        without, F, or H where one homography explains them, and F beside it where some agree with
        that alone. Fewer than 8 matches are no error: `status` tells.

    Raises:
        InputError: wrong shape or dtype, or values that are not finite.
        ConfigError: a setting has no meaning, or a library is absent.
        ModelError: the model cannot be had or used.
        DeviceError: no such device.

    Example:
        >>> import numpy as np
        >>> texture = np.random.default_rng(0).integers(0, 256, (200, 300), np.uint8)
        >>> match(texture, texture, "none", K=[[300, 0, 150], [0, 300, 100], [0, 0, 1]]).status
        'rotation'
    """
    cameras = _cameras(K if K0 is None else K0, K if K1 is None else K1)
    matcher = Matcher(
        model,
        max_keypoints=max_keypoints,
        resize=resize,
        ratio=ratio,
        mutual=mutual,
        threshold=threshold,
        estimator=estimator,
        pixel_threshold=pixel_threshold,
        seed=seed,
        device=device,
    )
    first, second = (
        matcher.features(ArraySource(check_array(image))) for image in (image0, image1)
    )
    return matcher.match(first, second, cameras)


def _cameras(*given: ArrayLike | None) -> tuple[Camera, Camera] | None:
    if all(one is None for one in given):
        return None
    if any(one is None for one in given):
        raise ConfigError("only one of the two camera matrices is given; give both")
    first, second = (_camera(one) for one in given)
    return first, second


def _camera(given: object) -> Camera:
    try:
        matrix = np.asarray(from_tensor(given) if is_tensor(given) else given, np.float64)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"a camera matrix must be 3×3 numbers, got {given!r}; np.loadtxt reads them from a file"
        ) from error
    if wrong := check_matrix(matrix):
        raise ConfigError(f"this is not a camera matrix: {wrong}")
    return Camera(matrix)
