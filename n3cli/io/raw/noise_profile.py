"""What is known of the noise of cameras: own fits, and darktable's list where that is installed.

darktable's `noiseprofiles.json` is under the GPL; it is read where it lies and never copied.
"""

from __future__ import annotations

import json
import os
import tomllib
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from n3cli.errors import InputError, N3Warning
from n3cli.io.format import printable
from n3cli.io.path import explained
from n3cli.ops.noise.model import ColourNoise, models_of

_DARKTABLE: Final = Path("darktable/noiseprofiles.json")
_DEMOSAICED: Final = 13.0
"""How much more variance the mosaic has than darktable's list tells. That is made from demosaiced
pictures (white balance off) by the mean square of Haar's diagonal details, the fourth part of white
noise's variance, of which demosaicing leaves about a third to green: simulated with PPG, its
demosaicing for years, it is 13.0 for photons and 12.6 for reading."""

_WIDEST: Final = 4.0
_ELSEWHERE: Final = (
    Path("/opt/darktable/share"),
    Path("/Applications/darktable.app/Contents/Resources/share"),
    Path("/var/lib/flatpak/app/org.darktable.Darktable/current/active/files/share"),
)


@dataclass(frozen=True)
class NoiseProfile:
    """The noise of a camera at a sensitivity.

    Attributes:
        make: of the camera.
        model: of the camera.
        iso: the sensitivity.
        noise: of red, green and blue; values from black at 0 to white at 1, before any balance.
        file: name of the file that says so.
    """

    make: str
    model: str
    iso: float
    noise: ColourNoise
    file: str = ""


def _installed() -> Path | None:
    """The list of an installed darktable, if there is one."""
    told = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    places = [Path(place) for place in told.split(":") if place]
    if windows := os.environ.get("PROGRAMFILES"):
        places.append(Path(windows, "darktable", "share"))
    found = (place / _DARKTABLE for place in (*places, *_ELSEWHERE))
    return next((path for path in found if os.path.isfile(path)), None)  # noqa: PTH113 - never raises


def known_profiles(files: Sequence[Path]) -> tuple[NoiseProfile, ...]:
    """All profiles of some files, and after them those of an installed darktable.

    Raises:
        InputError: a file is missing, or no list of profiles.
    """
    own = [one for path in files for one in read_profiles(path)]
    if path := _installed():
        try:
            own += read_profiles(path)
        except InputError as error:  # nobody asked for that
            warnings.warn(str(error), N3Warning, stacklevel=2)
    return tuple(own)


def read_profiles(path: Path) -> tuple[NoiseProfile, ...]:
    """Read a list of profiles: darktable's JSON, or TOML as `write_profiles` makes it.

    Raises:
        InputError: it is missing, or none of both.
    """
    name = printable(path)
    with explained(path):
        data = path.read_bytes()
    try:
        if data.lstrip()[:1] == b"{":
            return tuple(_of_darktable(json.loads(data), name))
        return tuple(_of_toml(tomllib.loads(data.decode()), name))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{name}: is not a list of noise profiles from n3 fit-noise or darktable ("
            f"{type(error).__name__}: {error})"
        ) from error


def write_profiles(profiles: Sequence[NoiseProfile]) -> str:
    """Profiles as TOML."""
    head = "# Noise of variance a·x + b of red, green and blue, x from 0 (black) to 1 (white).\n"
    return "\n".join([head, *map(_as_toml, profiles)])


def _as_toml(one: NoiseProfile) -> str:
    a, b = (", ".join(f"{getattr(model, name):.6e}" for model in one.noise) for name in "ab")
    # JSON's strings are TOML's, too.
    make, model = (json.dumps(text, ensure_ascii=False) for text in (one.make, one.model))
    return f"[[profile]]\nmake = {make}\nmodel = {model}\niso = {one.iso:g}\na = [{a}]\nb = [{b}]\n"


def find_profile(
    profiles: Sequence[NoiseProfile], make: str, model: str, iso: float | None
) -> NoiseProfile | None:
    """The profile of a camera at a sensitivity: one of just that, or between its neighbours.

    Between two sensitivities, at most two stops apart, a and b are interpolated linearly, as
    darktable does; beyond them nothing is known.

    Args:
        profiles: those that come first, count.
        make: of the camera, as its file tells.
        model: likewise.
        iso: the sensitivity that was set, if known.
    """
    wanted = {_camera(make, model), _camera("", model)}
    own = [one for one in profiles if _camera(one.make, one.model) in wanted]
    if iso is None or not own:
        return None
    for one in own:
        if one.iso == iso:
            return one
    below = max((one for one in own if one.iso < iso), key=lambda one: one.iso, default=None)
    above = min((one for one in own if one.iso > iso), key=lambda one: one.iso, default=None)
    if below is None or above is None or above.iso > _WIDEST * below.iso:
        return None
    share = (iso - below.iso) / (above.iso - below.iso)
    numbers = [
        (1 - share) * low + share * high
        for few, many in zip(below.noise, above.noise, strict=True)
        for low, high in ((few.a, many.a), (few.b, many.b))
    ]
    return NoiseProfile(below.make, below.model, iso, models_of(numbers), below.file)


def _camera(make: str, model: str) -> str:
    """A camera's name in one form: makers are written in many ways, and often twice."""
    words, maker = model.casefold().split(), make.casefold().split()[:1]
    return " ".join(words if words[:1] == maker else maker + words)


def _of_darktable(told: Any, file: str) -> Iterator[NoiseProfile]:
    for maker in told["noiseprofiles"]:
        for camera in maker["models"]:
            for one in camera["profiles"]:
                # Green's alone: what is demosaiced to red and blue has green's noise in it, too.
                a, b = _DEMOSAICED * float(one["a"][1]), _DEMOSAICED * float(one["b"][1])
                b = max(b, 0.0)  # many lines are fitted to lie below 0 at black
                # Superseded ones are to be skipped.
                if not one.get("skip") and _is_variance(a, b):
                    noise = models_of([a, b])
                    yield NoiseProfile(
                        str(maker["maker"]), str(camera["model"]), float(one["iso"]), noise, file
                    )


def _of_toml(told: Any, file: str) -> Iterator[NoiseProfile]:
    for one in told["profile"]:
        pairs = [(float(a), float(b)) for a, b in zip(one["a"], one["b"], strict=True)]
        if len(pairs) != 3 or not all(_is_variance(a, b) for a, b in pairs):
            raise ValueError("a and b must be three variances each, from 0 to 1")
        noise = models_of([number for pair in pairs for number in pair])
        yield NoiseProfile(str(one["make"]), str(one["model"]), float(one["iso"]), noise, file)


def _is_variance(a: float, b: float) -> bool:
    return 0 <= a <= 1 and 0 <= b <= 1 and a + b > 0
