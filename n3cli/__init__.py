"""Neural nearest neighbours (N3) for images, in Python and as the command `n3`.

>>> import n3cli
>>> clean = n3cli.denoise(noisy)  # array or tensor H×W or H×W×C in, the same out
>>> large = n3cli.upscale(clean, 4)  # the same, of another size
>>> found = n3cli.match(left, right, K=K)  # which points belong together, and the pose

Importing the package is cheap: what it offers, and torch with it, is loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from n3cli import data as data
    from n3cli import errors as errors
    from n3cli.errors import N3Error, N3Warning
    from n3cli.inference.denoise import denoise
    from n3cli.inference.denoiser import Denoiser
    from n3cli.inference.match.match import match
    from n3cli.inference.match.matcher import Matcher
    from n3cli.inference.noise_level import measure_noise
    from n3cli.inference.upscale import upscale
    from n3cli.inference.upscaler import Upscaler
    from n3cli.zoo.load import load_model

    __version__: str

__all__ = [
    "Denoiser",
    "Matcher",
    "N3Error",
    "N3Warning",
    "Upscaler",
    "__version__",
    "denoise",
    "load_model",
    "match",
    "measure_noise",
    "upscale",
]

_HOME = {
    "Denoiser": "n3cli.inference.denoiser",
    "Matcher": "n3cli.inference.match.matcher",
    "N3Error": "n3cli.errors",
    "N3Warning": "n3cli.errors",
    "Upscaler": "n3cli.inference.upscaler",
    "denoise": "n3cli.inference.denoise",
    "load_model": "n3cli.zoo.load",
    "match": "n3cli.inference.match.match",
    "measure_noise": "n3cli.inference.noise_level",
    "upscale": "n3cli.inference.upscale",
}

_MODULES = ("data", "errors")


def __getattr__(name: str) -> object:  # PEP 562
    if name == "__version__":
        from importlib.metadata import version

        return version("n3cli")
    if name in _MODULES:
        return import_module(f"n3cli.{name}")
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_MODULES])
