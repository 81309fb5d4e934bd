"""Lists of cameras' noise: read, written, and the right one found."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
import rawpy
from reference.dng import BAYER, make_dng

from n3cli.errors import InputError, N3Warning
from n3cli.io.raw.noise_profile import (
    NoiseProfile,
    find_profile,
    known_profiles,
    read_profiles,
    write_profiles,
)
from n3cli.ops.noise.model import NoiseModel, models_of


def entry(iso, a=1e-5, b=1e-7, **more):
    return {"name": f"x iso {iso}", "iso": iso, "a": [2 * a, a, 2 * a], "b": [b, b, b], **more}


D800 = [
    entry(200, 1, skip=True), entry(200, 2e-5), entry(100), entry(400, 4e-5),
    entry(3200, 1e-4),
]  # fmt: skip
D1 = [entry(100, -1.0), entry(200, 1e-5, -1e-7), entry(400)]
DARKTABLE = {
    "version": 0,
    "noiseprofiles": [
        {
            "maker": "Nikon",
            "models": [
                {"model": "D800", "profiles": D800},
                {"model": "D800E", "profiles": [entry(100, 9e-5)]},
                {"model": "D1", "profiles": D1},
            ],
        },
        {"maker": "Pentax", "models": [{"model": "K-3", "profiles": [entry(100, 5e-5)]}]},
    ],
}


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    path = tmp_path / "noiseprofiles.json"
    path.write_text(json.dumps(DARKTABLE))
    return path


@pytest.mark.parametrize(
    ("make", "model", "iso", "a"),
    [
        ("NIKON CORPORATION", "NIKON D800", 200, 2e-5),
        ("Nikon", "D800", 400, 4e-5),
        ("NIKON CORPORATION", "NIKON D800", 150, 1.5e-5),
        ("NIKON CORPORATION", "NIKON D800", 300, 3e-5),
        ("NIKON CORPORATION", "NIKON D800E", 100, 9e-5),
        ("RICOH IMAGING COMPANY, LTD.", "PENTAX K-3", 100, 5e-5),
        ("NIKON CORPORATION", "NIKON D800", 50, None),
        ("NIKON CORPORATION", "NIKON D800", 800, None),
        ("NIKON CORPORATION", "NIKON D800", 6400, None),
        ("NIKON CORPORATION", "NIKON D800", None, None),
        ("NIKON CORPORATION", "NIKON D80", 100, None),
        ("Canon", "D800", 100, None),
        ("", "", 100, None),
    ],
)
def test_a_camera_by_any_of_its_names(listed, make, model, iso, a):
    found = find_profile(read_profiles(listed), make, model, iso)
    if a is None:
        assert found is None
        return
    assert found is not None
    red, green, blue = found.noise
    assert red == green == blue
    assert red.a == pytest.approx(13 * a)  # see below
    assert red.b == pytest.approx(13e-7)
    assert found.file == str(listed)


def test_what_is_no_variance_is_left_out(listed):
    found = {one.iso: one.noise[1] for one in read_profiles(listed) if one.model == "D1"}
    assert found.keys() == {200, 400}
    assert found[200].a == pytest.approx(13e-5)
    assert found[200].b == 0  # below 0 in the list


@pytest.mark.parametrize(("a", "b"), [(2e-3, 0), (0, 3e-4), (1e-3, 1e-4)])
def test_what_darktable_would_list(a, b):
    """Its way of measuring, on noise that is known: PPG, Haar's diagonal details, the median."""
    size, light = 900, np.array([0.2, 0.4, 0.25])
    mean = light[np.tile(BAYER["RGGB"], (size // 2, size // 2))]
    noise = np.random.default_rng(0).standard_normal((size, size))
    values = np.rint(60000 * (mean + np.sqrt(a * mean + b) * noise)).astype(np.uint16)
    with rawpy.RawPy() as raw:
        raw.open_buffer(io.BytesIO(make_dng(values, black=0, white=60000)))
        raw.unpack()
        pixels = raw.postprocess(
            demosaic_algorithm=rawpy.DemosaicAlgorithm.PPG, user_wb=[1, 1, 1, 1],
            output_color=rawpy.ColorSpace.raw, gamma=(1, 1), no_auto_bright=True,
            no_auto_scale=True, output_bps=16, adjust_maximum_thr=0,
        )  # fmt: skip
    green = pixels[20:-20, 20:-20, 1] / 60000
    details = (green[::2, ::2] - green[1::2, ::2] - green[::2, 1::2] + green[1::2, 1::2]) / 4
    listed = (np.median(np.abs(details)) / 0.6745) ** 2
    assert 13 * listed == pytest.approx(a * 0.4 + b, rel=0.07)


def test_what_is_written_is_read(tmp_path):
    noise = models_of([1e-4, 2e-6, 3e-4, 4e-6, 5e-4, 6e-6])
    profiles = [NoiseProfile("Maker", 'Model "X" é', 1600, noise), NoiseProfile("", "B", 64, noise)]
    path = tmp_path / "own.toml"
    path.write_text(write_profiles(profiles), encoding="utf-8")
    again = read_profiles(path)
    assert [(one.make, one.model, one.iso, one.noise) for one in again] == [
        (one.make, one.model, one.iso, one.noise) for one in profiles
    ]


def test_given_files_come_before_an_installed_darktable(tmp_path, listed, monkeypatch):
    place = tmp_path / "share" / "darktable"
    place.mkdir(parents=True)
    listed.rename(place / "noiseprofiles.json")
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "share"))
    own = tmp_path / "own.toml"
    own.write_text(write_profiles([NoiseProfile("Nikon", "D800", 100, models_of([0.5, 0.25]))]))
    assert find_profile(known_profiles([]), "Nikon", "D800", 100).noise[0].a == pytest.approx(13e-5)
    found = known_profiles([own])
    assert find_profile(found, "Nikon", "D800", 100).noise == (NoiseModel(0.5, 0.25),) * 3
    assert find_profile(found, "Nikon", "D800", 200).noise[0].a == pytest.approx(26e-5)
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path))
    assert known_profiles([]) == ()
    (place / "noiseprofiles.json").write_text("{")
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "share"))
    with pytest.warns(N3Warning, match="is not a list of noise profiles"):
        assert len(known_profiles([own])) == 1


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "{}", "[]", "nonsense", "profile = 3", '{"noiseprofiles": 3}', "\0\xff",
        '[[profile]]\nmake = "a"\nmodel = "b"\niso = 100\na = [1e-4]\nb = [1e-6]',
        '[[profile]]\nmake = "a"\nmodel = "b"\niso = 100\na = [2, 2, 2]\nb = [0, 0, 0]',
        '[[profile]]\nmake = "a"\nmodel = "b"\niso = "x"\na = [0.1, 0.1, 0.1]\nb = [0, 0, 0]',
        '[[profile]]\nmake = "a"\nmodel = "b"\niso = 1\na = [0, 0, 0]\nb = [-1, 0, 0]',
        '[[profile]]\nmodel = "b"\niso = 100\na = [0.1, 0.1, 0.1]\nb = [0, 0, 0]',
    ],
)  # fmt: skip
def test_other_files_are_refused(tmp_path, text):
    path = tmp_path / "list.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=r"list\.toml: is not a list of noise profiles"):
        read_profiles(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        read_profiles(tmp_path / "gone.toml")
