"""Lists of cameras' noise: read, written, and the right one found."""

import json
from pathlib import Path

import pytest

from n3cli.errors import InputError, N3Warning
from n3cli.io.noise_profile import (
    NoiseProfile,
    find_profile,
    known_profiles,
    read_profiles,
    write_profiles,
)
from n3cli.ops.noise_model import NoiseModel, models_of


def entry(iso, a=1e-5, b=1e-7):
    return {"name": f"x iso {iso}", "iso": iso, "a": [a, 2 * a, 3 * a], "b": [b, b, b]}


DARKTABLE = {
    "version": 0,
    "noiseprofiles": [
        {
            "maker": "Nikon",
            "models": [
                {"model": "D800", "profiles": [entry(200, 2e-5), entry(100), entry(400, 4e-5)]},
                {"model": "D800E", "profiles": [entry(100, 9e-5)]},
                {"model": "D1", "profiles": [entry(100, -1.0), entry(200, 1e-5, -1e-7)]},
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
    assert [red.a, green.a, blue.a] == pytest.approx([a, 2 * a, 3 * a])
    assert red.b == pytest.approx(1e-7)
    assert found.file == str(listed)


def test_one_bad_camera_is_left_out_and_black_has_no_negative_variance(listed):
    found = [one for one in read_profiles(listed) if one.model == "D1"]
    assert [(one.iso, one.noise[0].b) for one in found] == [(200, 0)]


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
    assert find_profile(known_profiles([]), "Nikon", "D800", 100).noise[0].a == 1e-5
    found = known_profiles([own])
    assert find_profile(found, "Nikon", "D800", 100).noise == (NoiseModel(0.5, 0.25),) * 3
    assert find_profile(found, "Nikon", "D800", 200).noise[0].a == 2e-5
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path))
    assert known_profiles([]) == ()
    (place / "noiseprofiles.json").write_text("{")
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "share"))
    with pytest.warns(N3Warning, match="is no list of noise profiles"):
        assert len(known_profiles([own])) == 1


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "{}", "[]", "nonsense", "profile = 3", '{"noiseprofiles": 3}', "\0\xff",
        '[[profile]]\nmake = "a"\nmodel = "b"\niso = 100\na = [1e-4]\nb = [1e-6]',
        '[[profile]]\nmake = "a"\nmodel = "b"\niso = 100\na = [2, 2, 2]\nb = [0, 0, 0]',
        '[[profile]]\nmake = "a"\nmodel = "b"\niso = "x"\na = [0.1, 0.1, 0.1]\nb = [0, 0, 0]',
        '[[profile]]\nmodel = "b"\niso = 100\na = [0.1, 0.1, 0.1]\nb = [0, 0, 0]',
    ],
)  # fmt: skip
def test_other_files_are_refused(tmp_path, text):
    path = tmp_path / "list.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=r"list\.toml: is no list of noise profiles"):
        read_profiles(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        read_profiles(tmp_path / "gone.toml")
