"""A method of one's own: a function that is named as ``module:function``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from n3cli.bench.method import Method
from n3cli.errors import ConfigError, ModelError
from n3cli.ops.array import Float32


def is_function(name: str) -> bool:
    """Whether a name of a method is that of a function."""
    return ":" in name


def load_method(name: str, *, enlarges: bool) -> Method:
    """A function as a method; modules are looked for in the current folder first.

    Args:
        name: ``module:function``. The function gets an image H×W×C, float32, and its noise level
            on the 0–255 scale, or the scale to enlarge it by; it returns floating values of the
            same size, or of that times the scale.
        enlarges: which of these.

    Returns:
        The method; where the function fails or returns something else, it raises a ModelError.

    Raises:
        ConfigError: there is no such function, or its module cannot be imported.
    """
    function, place = _find(name)

    def run(image: Float32, level: float) -> Float32:
        scale = level if enlarges else 1
        wanted = (*(round(side * scale) for side in image.shape[:2]), image.shape[2])
        try:
            made = function(image, level)
            estimate = np.asarray(made)
        except (Exception, SystemExit) as error:
            _pass_signals(error)
            raise ModelError(
                f"{name}: {type(error).__name__}: {error} (for its traceback: n3 --debug bench …)"
            ) from error
        if estimate.dtype.kind != "f":
            kind = f"{estimate.dtype} values" if estimate.ndim else type(made).__name__
            raise ModelError(f"{name}: returned {kind}, expected an array of floats in [0, 1]")
        if estimate.shape != wanted:
            sizes = ["×".join(map(str, shape)) for shape in (estimate.shape, image.shape, wanted)]
            raise ModelError("{}: made {} of {}, expected {}".format(name, *sizes))
        if not np.isfinite(estimate).all():
            raise ModelError(f"{name}: returned values that are not finite")
        return estimate.astype(np.float32)

    return Method(name, f"the function of {place}", run, facts={"source": place})


def _find(name: str) -> tuple[Callable[[Float32, float], Any], str]:
    """The function, and the file that it is in."""
    module_name, _, function_name = name.partition(":")
    if not (module_name and function_name):
        raise ConfigError(f"--against {name}: give MODULE:FUNCTION")
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)  # as for a script: what the function imports later is here, too
    try:
        module = import_module(module_name)
    except (Exception, SystemExit) as error:
        _pass_signals(error)
        if isinstance(error, ModuleNotFoundError) and error.name == module_name:
            told = f"no module named {module_name!r}, here or installed"
        else:
            told = f"cannot be imported: {type(error).__name__}: {error}"
        raise ConfigError(f"--against {name}: {told}") from error
    place = getattr(module, "__file__", None) or module_name
    function = getattr(module, function_name, None)
    if not callable(function):
        raise ConfigError(f"--against {name}: {place} has no function {function_name}")
    return function, place


def _pass_signals(error: BaseException) -> None:
    """Raise what a signal raised (see `__main__`); the user's code may only exit by itself."""
    if isinstance(error, SystemExit) and type(error) is not SystemExit:
        raise error
