"""config.json: which network a model is, how it is built, and what it was trained for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from n3cli.errors import ModelError
from n3cli.zoo.names import PATTERN

FORMAT: Final = 1
"""Version of the layout of config.json; raised when an older n3 could misread the file."""

WHITE_NOISE: Final = "white"
CAMERA_NOISE: Final = "camera"
NOISES: Final = (WHITE_NOISE, CAMERA_NOISE)
"""What models were trained on: white Gaussian noise, or that of photos as cameras store them."""

DTYPES: Final = ("float32", "float16", "bfloat16")
"""Precisions that weights may be stored in; they are always loaded as float32."""


@dataclass(frozen=True)
class ModelConfig:
    """Everything about a model but its weights, as in its config.json.

    Attributes:
        name: full zoo name, ``<task>-<network>-<variant>``.
        task: what the model does, for example ``"denoise"``.
        network: name in the registry of networks.
        options: the network's building options.
        sigma_max: largest noise level it was trained for, on the 0–255 scale; None for a network
            that takes no noise level.
        dtype: precision of the stored weights, one of `DTYPES`.
        noise: of a denoiser, one of `NOISES`; the file has it where it is not white.

    Raises:
        ModelError: a value has the wrong type or no meaning; the message begins with its key.
    """

    name: str
    task: str
    network: str
    options: Mapping[str, object]
    sigma_max: float | None
    dtype: str
    noise: str = WHITE_NOISE

    def __post_init__(self) -> None:
        for key in ("name", "task", "network", "dtype"):
            _require(isinstance(getattr(self, key), str), key, "a string", getattr(self, key))
        _require(isinstance(self.options, Mapping), "options", "an object", self.options)
        parts = PATTERN.fullmatch(self.name)
        _require(parts is not None, "name", "of the form <task>-<network>-<variant>", self.name)
        if parts is not None:
            _require(self.task == parts["task"], "task", f"the name's, {parts['task']}", self.task)
        _require(self.dtype in DTYPES, "dtype", f"one of {', '.join(DTYPES)}", self.dtype)
        _require(self.noise in NOISES, "noise", f"one of {', '.join(NOISES)}", self.noise)
        _require(
            _is_sigma(self.sigma_max), "sigma_max", "null or above 0 up to 255", self.sigma_max
        )

    def to_json(self) -> str:
        """Return the text of config.json."""
        values = {"format": FORMAT, **asdict(self)}
        if self.noise == WHITE_NOISE:
            del values["noise"]
        return json.dumps(values, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> ModelConfig:
        """Read the text of config.json; every key must be there but ``noise``, and no other.

        Raises:
            ModelError: not JSON, another format version, or a wrong, missing or unknown key.
        """
        try:
            values: Any = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ModelError(f"not JSON ({error})") from error
        _require(isinstance(values, dict), "the file", "an object", values)
        version = values.pop("format", None)
        if version != FORMAT:
            raise ModelError(
                f"format {version!r} is not the format {FORMAT} that this n3 reads; "
                "a newer n3 may read it"
            )
        keys = {field.name for field in fields(cls)}
        for problem, names in (
            ("missing", keys - values.keys() - {"noise"}),
            ("unknown", values.keys() - keys),
        ):
            if names:
                raise ModelError(f"{problem} key {', '.join(sorted(names))}")
        return cls(**values)


def read_config(path: Path) -> ModelConfig:
    """Read a config.json; a ModelError names the file and the key."""
    try:
        return ModelConfig.from_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: cannot be read ({error}).") from error
    except ModelError as error:
        raise ModelError(f"{path}: {error}.") from error


def _require(condition: bool, key: str, wanted: str, given: object) -> None:
    if not condition:
        raise ModelError(f"{key} must be {wanted}, not {given!r}")


def _is_sigma(value: object) -> bool:
    if value is None:
        return True
    # bool is an int to Python, but `true` is no noise level.
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 < value <= 255
