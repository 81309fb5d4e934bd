"""The network that tells right matches from wrong ones, on a device."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from n3cli.errors import ConfigError, DeviceError, ModelError
from n3cli.inference.device import LACKING, choose_device, give_way
from n3cli.inference.memory import is_out_of_memory
from n3cli.io.match.matches import Matches
from n3cli.ops.array import Float32
from n3cli.ops.precision import float32_as
from n3cli.ops.two_view.camera import Camera, normalise
from n3cli.ops.two_view.correspondence import stack_columns
from n3cli.zoo.folder import SetModel
from n3cli.zoo.load import check_task, load_model
from n3cli.zoo.locate import bundled
from n3cli.zoo.names import complete_name, default_name

NO_MODEL: Final = "none"
"""As a model's name: there is none, and what passes the plain filters is kept."""

POINTS_ALONE: Final = "match-cnet"
"""The bundled model for matches of which nothing is known but where they are."""

_TASK: Final = "match"
_ASSUMED_FOCAL = 1.2
"""Of a camera that is not known, by its picture's longer side; the middle of what networks are
trained on. It scales what they are told, and is never used for a pose."""


def default_classifier() -> str:
    """The bundled model's name, or `NO_MODEL` where none is bundled."""
    name = complete_name(default_name(_TASK), task=_TASK)
    return name if name in bundled() else NO_MODEL


def points_classifier() -> str:
    """The bundled model that looks at points alone, or `NO_MODEL` where it is not bundled."""
    return POINTS_ALONE if POINTS_ALONE in bundled() else NO_MODEL


class Classifier:
    """A model for matches, ready to use.

    Args:
        model: name, path or loaded model.
        device: where to compute.

    Raises:
        ModelError: it cannot be had, or is for another task.
        DeviceError: there is no such device.

    Attributes:
        name: the model's.
        wants_sides: whether it is told the ratio and the mutual flag of a match, too.
    """

    def __init__(
        self, model: str | Path | SetModel, *, device: str | torch.device = "auto"
    ) -> None:
        self._device = choose_device(device)
        if isinstance(model, str | Path):
            model = load_model(model, task=_TASK)
        check_task(model, _TASK)
        self.name = model.config.name
        self._inputs = model.network.description.inputs
        self.wants_sides = "ratio" in model.network.description.columns
        self._network = copy.deepcopy(model.network).to(self._device)

    def logits(
        self,
        putative: Matches,
        chosen: NDArray[np.bool_],
        cameras: tuple[Camera, Camera] | None,
    ) -> Float32:
        """Judge matches together.

        Args:
            putative: the matches.
            chosen: N0 bool, which of its candidates are judged.
            cameras: of both pictures. Without, points are counted from the middle of the pictures
                and in units that suit usual cameras.

        Returns:
            One number for each that was chosen, above 0 where it is right.

        Raises:
            ConfigError: the model needs ratio and mutual flag, and they are not known.
            ModelError: it does not compute finite values.
            DeviceError: memory does not suffice.
        """
        if not chosen.any():
            return np.empty(0, np.float32)
        if self.wants_sides and (putative.ratio is None or putative.mutual is None):
            raise ConfigError(
                f"the model {self.name} needs the ratio and the mutual flag of each match, which "
                "are not known here; use another model (-m), or matches with both"
            )
        points = np.hstack(_coordinates(putative, chosen, cameras))
        ratio, mutual = (
            None if each is None else each[chosen] for each in (putative.ratio, putative.mutual)
        )
        table = stack_columns(points, ratio, mutual, self._inputs)
        try:
            found = self._judge(table)
        except NotImplementedError:
            if self._device.type == "cpu":
                raise
            self._device = give_way(self._device, LACKING, stacklevel=2)
            self._network.to(self._device)
            found = self._judge(table)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise DeviceError(
                f"not enough memory for {len(table)} matches; use fewer keypoints or another device"
            ) from error
        if not np.isfinite(found).all():
            raise ModelError(
                f"the output of the model {self.name} is not finite; it is damaged, get it again"
            )
        return found

    def _judge(self, table: Float32) -> Float32:
        with torch.inference_mode(), float32_as(torch.float32, self._device):
            batch = torch.from_numpy(table)[None].to(self._device)
            found: Float32 = self._network(batch)[0].float().cpu().numpy()
        return found


def _coordinates(
    putative: Matches, chosen: NDArray[np.bool_], cameras: tuple[Camera, Camera] | None
) -> tuple[NDArray[Any], NDArray[Any]]:
    """The chosen matches' points N×2 in both views, in (nearly) normalised coordinates."""
    points = putative.points(chosen)
    used = cameras or (
        _assumed_camera(putative.keypoints0, putative.size0),
        _assumed_camera(putative.keypoints1, putative.size1),
    )
    first, second = (
        normalise(camera, np.asarray(each, np.float64))
        for camera, each in zip(used, points, strict=True)
    )
    return first, second


def _assumed_camera(keypoints: NDArray[Any], size: tuple[int, int] | None) -> Camera:
    """What stands for an unknown camera: a usual one for the picture, or for where points are."""
    low, high = (
        (np.full(2, -0.5), np.array(size) - 0.5)
        if size
        else (keypoints.min(axis=0).astype(np.float64), keypoints.max(axis=0).astype(np.float64))
    )
    focal = _ASSUMED_FOCAL * max(float((high - low).max()), 1.0)
    x, y = (low + high) / 2
    return Camera(np.array([[focal, 0, x], [0, focal, y], [0, 0, 1]]), source="assumed")
