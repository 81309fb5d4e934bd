from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from n3cli.errors import ModelError
from n3cli.zoo.config import DTYPES, ModelConfig, read_config

CONFIG = ModelConfig("denoise-n3unet-gray", "denoise", "n3unet", {"channels": 1}, 75.0, "float16")
VALUES = json.loads(CONFIG.to_json())


@given(
    st.dictionaries(st.text(max_size=8), st.integers() | st.booleans() | st.text(max_size=8)),
    st.none() | st.floats(0, 255, exclude_min=True),
    st.sampled_from(DTYPES),
)
def test_round_trip(options: dict[str, object], sigma_max: float | None, dtype: str) -> None:
    config = dataclasses.replace(CONFIG, options=options, sigma_max=sigma_max, dtype=dtype)
    assert ModelConfig.from_json(config.to_json()) == config


def test_the_noise_is_told_where_it_is_not_white() -> None:
    assert "noise" not in VALUES
    camera = dataclasses.replace(CONFIG, noise="camera")
    assert json.loads(camera.to_json()) == {**VALUES, "noise": "camera"}
    assert ModelConfig.from_json(camera.to_json()) == camera


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": 3}, "name must be a string"),
        ({"name": "n3unet"}, "name must be of the form"),
        ({"task": "upscale"}, "task must be the name's, denoise"),
        ({"network": None}, "network must be a string"),
        ({"options": [1]}, "options must be an object"),
        ({"sigma_max": "75"}, "sigma_max must be"),
        ({"sigma_max": True}, "sigma_max must be"),
        ({"sigma_max": 0}, "sigma_max must be"),
        ({"sigma_max": 256}, "sigma_max must be"),
        ({"sigma_max": float("nan")}, "sigma_max must be"),
        ({"noise": "pink"}, "noise must be one of white, camera"),
        ({"dtype": "int8"}, "dtype must be one of float32"),
        ({"dtype": ["float32"]}, "dtype must be a string"),
        ({"colour": 1, "depth": 2}, "unknown key colour, depth"),
        ({"format": 2}, "format 2 is not the format 1"),
        ({"format": None}, "format None"),
    ],
)
def test_wrong_values_name_file_and_key(
    tmp_path: Path, change: dict[str, object], said: str
) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**VALUES, **change}))
    with pytest.raises(ModelError) as caught:
        read_config(path)
    assert str(caught.value).startswith(f"{path}: {said}")


@pytest.mark.parametrize("key", sorted(VALUES.keys() - {"format"}))
def test_missing_key(tmp_path: Path, key: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({k: v for k, v in VALUES.items() if k != key}))
    with pytest.raises(ModelError, match=f"missing key {key}"):
        read_config(path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe"])
def test_what_is_no_config(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"config\.json"):
        read_config(path)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot be read .*No such file"):
        read_config(tmp_path / "config.json")
