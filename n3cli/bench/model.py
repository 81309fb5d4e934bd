"""Our own models, as methods of a benchmark."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from n3cli.bench.method import Method, OnMosaic, Run, network_facts
from n3cli.bench.real import AUTO
from n3cli.bench.task import DENOISE, UPSCALE, SuiteTask
from n3cli.inference.compute import Compute
from n3cli.inference.denoiser import Denoiser
from n3cli.inference.noise_level import camera_level, judge_shared, sample
from n3cli.inference.raw.denoise import RawDenoiser
from n3cli.inference.upscaler import Upscaler
from n3cli.ops.array import Float32
from n3cli.ops.mosaic.layout import Pattern
from n3cli.ops.noise.model import NoiseModel
from n3cli.ops.row_source import ArraySource
from n3cli.training.recipe import parse_recipe
from n3cli.zoo.config import CAMERA_NOISE
from n3cli.zoo.folder import Model
from n3cli.zoo.layout import RECIPE_FILE
from n3cli.zoo.load import load_model

_PUBLISHED = {
    "n3net": "N3Net",
    "dncnn": "DnCNN",
    "ffdnet": "FFDNet",
    "ircnn": "IRCNN",
    "unlnet": "UNLNet",
    "drunet": "DRUNet",
    "restormer": "Restormer",
}
"""What publications call networks."""


def make_models(
    names: Sequence[str | None],
    task: SuiteTask,
    channels: int,
    device: str,
    precision: str,
    levels: Sequence[float],
) -> list[Method]:
    """Several models; those that call themselves alike are told apart by what was given.

    Args:
        names: as in ``-m``; None for the default.
        task: what they are to do.
        channels: image planes they will be given.
        device: as in ``--device``.
        precision: as in ``--precision``.
        levels: at which they are measured. What was published of one network a level is only held
            against a network for the one level that is measured; where the level is measured
            (`AUTO`), a model for the noise of cameras has it measured in its own way.

    Raises:
        ModelError, DeviceError: see `make_model`.
    """
    made = [make_model(name, task, channels, device, precision, levels) for name in names]
    alike = Counter(method.name for method in made)
    return [
        replace(method, name=str(given)) if alike[method.name] > 1 and given else method
        for method, given in zip(made, names, strict=True)
    ]


def make_model(
    name: str | None,
    task: SuiteTask,
    channels: int,
    device: str,
    precision: str,
    levels: Sequence[float] = (1,),
) -> Method:
    """A pretrained model, loaded once for all images.

    Args:
        name: as in ``-m``; None for the default.
        task: what it is to do.
        channels: image planes it will be given.
        device: as in ``--device``.
        precision: as in ``--precision``.
        levels: see `make_models`.

    Raises:
        ModelError: it cannot be had or used.
        DeviceError: there is no such device.
    """
    # "auto" means float32 for the float images of a benchmark; saying so makes it the report's.
    precision = "fp32" if precision == "auto" else precision
    model, run, on_mosaic = _RUNNERS[task.name](name, channels, device, precision)
    if AUTO in levels and model.config.noise == CAMERA_NOISE:
        run = _measured(run)
    facts = network_facts(model) | {"precision": precision}
    given = f", given as {name}" if name not in (None, model.config.name) else ""
    description = model.network.description
    published = None
    # A grey network takes a colour picture plane by plane, which is not what was published.
    same = task is DENOISE and description.planes == channels
    if same and (description.sigma_input or list(levels) == [_only_level(model)]):
        published = _PUBLISHED.get(model.config.network)
    note = f"{model.config.network}, {facts['parameters']:,} parameters, {precision}{given}"
    return Method(model.config.name, note, run, published, on_mosaic, facts)


def _only_level(model: Model) -> float | None:
    """The noise level that a network which is told none is for, by its recipe, else by its name.

    None where that cannot be known, or it is for a range.
    """
    recipe = Path(model.source, RECIPE_FILE)
    if recipe.is_file():
        low, high = parse_recipe(recipe.read_text("utf-8")).noise.sigma
        return high if low == high else None
    told = {
        float(match[1])
        for word in model.config.name.split("-")
        if (match := re.fullmatch(r"(?:s|sigma)?(\d+)", word))
    }
    return told.pop() if len(told) == 1 else None


_Made: TypeAlias = tuple[Model, Run, OnMosaic | None]


def _denoiser(name: str | None, channels: int, device: str, precision: str) -> _Made:
    denoiser = Denoiser(name, Compute(device, precision))

    def run(noisy: Float32, sigma: float) -> Float32:
        return np.concatenate(list(denoiser.rows(ArraySource(noisy), sigma=sigma)))

    model = denoiser.model(channels)
    if not model.network.description.mosaic:
        return model, run, None
    whole = RawDenoiser(model, Compute(device, precision))

    def on_mosaic(noisy: Float32, pattern: Pattern, noise: NoiseModel) -> Float32:
        return whole.denoise(noisy[..., 0], pattern, [noise] * 3)[..., None]

    return model, run, on_mosaic


def _upscaler(name: str | None, channels: int, device: str, precision: str) -> _Made:
    model = load_model(name, task="upscale", channels=channels)
    upscaler = Upscaler(model, Compute(device, precision))

    def run(low: Float32, scale: float) -> Float32:
        size = (round(low.shape[0] * scale), round(low.shape[1] * scale))
        return np.concatenate(list(upscaler.rows(ArraySource(low), size=size)))

    return model, run, None


def _measured(run: Run) -> Run:
    """A run that is told what its model takes the noise for, in place of white noise's level."""

    def own(noisy: Float32, sigma: float) -> Float32:
        return run(noisy, camera_level(judge_shared(sample(ArraySource(noisy)))).sigma)

    return own


_RUNNERS = {DENOISE.name: _denoiser, UPSCALE.name: _upscaler}
