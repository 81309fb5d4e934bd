"""What ours is held against: BM3D, non-local means, total variation, wavelets; bicubic enlarging.

Their strengths were tuned on the 40 validation images (every tenth of BSDS500's train and test by
name), on 160×160 crops at sigma 15, 25 and 50, and never on a test set.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from difflib import get_close_matches
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np
import torch

from n3cli.bench.method import Method
from n3cli.bench.own_method import is_function, load_method
from n3cli.bench.task import DENOISE, UPSCALE, SuiteTask
from n3cli.errors import ConfigError
from n3cli.networks import registry
from n3cli.ops.array import Float32
from n3cli.ops.resize import resize


def make_peers(names: Sequence[str], tasks: Sequence[SuiteTask]) -> list[list[Method]]:
    """The peers of those names, ready to run.

    Args:
        names: of `PEERS`, or functions as ``module:function``.
        tasks: those of the suites that are measured.

    Returns:
        For each task its peers, its baseline last.

    Raises:
        ConfigError: a name is unknown or does none of the tasks, or the library behind it is not
            installed.
    """
    wanted = {task.name for task in tasks}
    does = {name: _task_of(name, wanted) for name in names}
    baselines = [task.baseline for task in tasks if task.baseline]
    made = {
        name: load_method(name, enlarges=task == UPSCALE.name)
        if is_function(name)
        else make_peer(name)
        for name, task in does.items()
    }
    made |= {name: make_peer(name) for name in baselines if name not in made}
    return [
        [
            method
            for name, method in made.items()
            if name == task.baseline or does.get(name) == task.name
        ]
        for task in tasks
    ]


def _task_of(name: str, wanted: Collection[str]) -> str:
    """What a peer does, which must be wanted.

    Raises:
        ConfigError: it is not, or there is no such peer.
    """
    if is_function(name):
        if len(wanted) > 1:
            raise ConfigError(
                f"{name}: these suites are of noise and of super-resolution; measure it on one or "
                "the other"
            )
        return next(iter(wanted))
    if name not in _PEERS:
        if name in registry.names():
            raise ConfigError(
                f"{name} is a network; give a model of it with -m. Known for --against are "
                f"{', '.join(PEERS)}"
            )
        near = get_close_matches(name, PEERS, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ConfigError(
            f"--against {name}: no such method; {hint}known are {', '.join(PEERS)}, your own "
            "MODULE:FUNCTION, and results as NAME=DIR"
        )
    does = _PEERS[name].task.name
    if does not in wanted:
        raise ConfigError(f"{name} is for {does} suites, and none is given; leave it out")
    return does


def check_models(names: Sequence[str]) -> None:
    """Refuse names in ``-m`` that are no model's.

    Raises:
        ConfigError: a peer is among them.
    """
    for name in names:
        if name in _PEERS:
            raise ConfigError(f"{name} is not a model; instead of -m, give --against {name}")


def make_peer(name: str) -> Method:
    """One of `PEERS`, ready to run.

    Raises:
        ConfigError: the library behind it is not installed.
    """
    peer = _PEERS[name]
    try:
        return peer.make()
    except ImportError as error:
        raise ConfigError(
            f"{name} cannot be loaded ({error}); install it with: pip install 'n3cli[{peer.extra}]'"
        ) from error


def _bm3d() -> Method:
    import bm3d

    def run(noisy: Float32, sigma: float) -> Float32:
        deviation = sigma / 255
        if noisy.shape[2] == 1:
            estimate = bm3d.bm3d(noisy[..., 0], deviation)
        else:
            estimate = bm3d.bm3d_rgb(noisy, deviation)
        return np.asarray(estimate, np.float32).reshape(noisy.shape)

    note = (
        f"the package bm3d {version('bm3d')} of BM3D's authors, its default profile, sigma told; "
        "for non-commercial use"
    )
    return Method("bm3d", note, run, published="BM3D")


def _scikit_image() -> Method:
    from skimage.restoration import denoise_nl_means

    def run(noisy: Float32, sigma: float) -> Float32:
        deviation = sigma / 255
        estimate = denoise_nl_means(
            noisy,
            patch_size=5,
            patch_distance=11,
            h=0.5 * deviation,
            sigma=deviation,
            fast_mode=True,
            channel_axis=-1,
        )
        return np.asarray(estimate, np.float32).reshape(noisy.shape)  # a single plane is dropped

    note = (
        f"scikit-image {version('scikit-image')} denoise_nl_means, fast, 5×5 patches, distance 11, "
        "h = 0.5 sigma (tuned on validation images), sigma told"
    )
    return Method("nlm", note, run)


def _opencv() -> Method:
    import cv2

    denoise: Any = cv2.fastNlMeansDenoising

    def run(noisy: Float32, sigma: float) -> Float32:
        eight_bit = np.rint(255 * np.clip(noisy, 0, 1)).astype(np.uint8)
        estimate = denoise(eight_bit, h=0.95 * sigma, templateWindowSize=3, searchWindowSize=21)
        result: Float32 = estimate.reshape(noisy.shape).astype(np.float32) / 255
        return result

    note = (
        f"OpenCV {cv2.__version__} fastNlMeansDenoising, 3×3 patches, 21×21 search, h = 0.95 sigma "
        "(tuned on validation images); it takes 8 bits only, so its input is clipped and rounded"
    )
    return Method("nlm-opencv", note, run)


def _total_variation() -> Method:
    from skimage.restoration import denoise_tv_chambolle

    def run(noisy: Float32, sigma: float) -> Float32:
        weight = TV_WEIGHT * sigma / 255
        estimate = denoise_tv_chambolle(noisy, weight=weight, channel_axis=-1)  # type: ignore[no-untyped-call]
        return np.asarray(estimate, np.float32)

    note = (
        f"scikit-image {version('scikit-image')} denoise_tv_chambolle (Chambolle 2004), weight = "
        f"{TV_WEIGHT:g} sigma (tuned on validation images)"
    )
    return Method("tv", note, run)


def _wavelet() -> Method:
    from skimage.restoration import denoise_wavelet

    def run(noisy: Float32, sigma: float) -> Float32:
        # Of YCbCr it would measure the noise in spite of what it is told.
        estimate = denoise_wavelet(noisy, sigma=sigma / 255, rescale_sigma=True, channel_axis=-1)
        return np.asarray(estimate, np.float32)

    note = (
        f"scikit-image {version('scikit-image')} denoise_wavelet, BayesShrink (Chang, Yu, Vetterli "
        "2000), db1, sigma told"
    )
    return Method("wavelet", note, run)


def _noisy() -> Method:
    return Method("noisy", "what every method gets, as it is", lambda noisy, sigma: noisy)


def _bicubic() -> Method:
    def run(low: Float32, scale: float) -> Float32:
        planes = torch.from_numpy(low.transpose(2, 0, 1))
        return resize(planes, scale).permute(1, 2, 0).numpy()

    note = "MATLAB's bicubic interpolation of each plane (Keys 1981, a = -1/2), unrounded"
    return Method("bicubic", note, run, published="bicubic")


TV_WEIGHT = 0.8


class _Peer(NamedTuple):
    make: Callable[[], Method]
    task: SuiteTask
    extra: str = "bench"
    """What brings its library along."""


_PEERS = {
    "bm3d": _Peer(_bm3d, DENOISE, "bm3d"),
    "nlm": _Peer(_scikit_image, DENOISE),
    "nlm-opencv": _Peer(_opencv, DENOISE),
    "tv": _Peer(_total_variation, DENOISE),
    "wavelet": _Peer(_wavelet, DENOISE),
    "noisy": _Peer(_noisy, DENOISE),
    "bicubic": _Peer(_bicubic, UPSCALE),
}
PEERS = tuple(_PEERS)
