"""`n3 denoise` on raw values in MATLAB's files."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from click.testing import CliRunner, Result
from reference.real_sets import A, B, put, write_dnd, write_hdf5

from n3cli.cli.main import n3
from n3cli.io.mat import read_mat
from n3cli.io.picture import Picture, write_picture


def run(*arguments: object, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(n3, ["denoise", *map(os.fspath, arguments)], input=stdin)


@pytest.fixture
def truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """A set like DND in the current folder; the clean mosaics."""
    monkeypatch.chdir(tmp_path)
    return [each["raw"][..., 0] for each in write_dnd(tmp_path)]


def error(path: str, key: str, clean: np.ndarray) -> float:
    return float(np.sqrt(np.mean((read_mat(Path(path), [key])[key] - clean) ** 2)))


def test_a_photo_of_dnd(truth):
    """Its noise is what info.mat says, and the result lies beside it."""
    result = run("images_raw/0002.mat", "-v")
    assert result.exit_code == 0, result.stderr
    assert f"a {A:g}, b {B:g} (from info.mat)  128×96 Bayer  denoise-n3unet-raw" in result.stderr
    made = "images_raw/0002_n3dn.mat"
    assert error(made, "Idenoised", truth[1]) < 0.5 * error(
        "images_raw/0002.mat", "Inoisy", truth[1]
    )
    values = scipy.io.loadmat(made)
    assert values["Idenoised"].dtype == np.float32
    assert values["Idenoised"].min() >= 0
    assert values["israw"].item() == 1


def test_many_of_them_into_a_folder_by_a_model_for_grey_pictures(truth):
    how = ("-o", "out/", "-m", "n3unet", "--strength", "0.5")
    result = run("images_raw/0001.mat", "images_raw/0002.mat", *how)
    assert result.exit_code == 0, result.stderr
    for name, clean in zip(("0001", "0002"), truth, strict=True):
        noisy = error(f"images_raw/{name}.mat", "Inoisy", clean)
        assert error(f"out/{name}.mat", "Idenoised", clean) < 0.8 * noisy


@pytest.mark.usefixtures("truth")
def test_without_info_the_noise_is_estimated_or_given():
    Path("info.mat").unlink()
    result = run("images_raw/0001.mat", "--noise", "0.002,2e-5")
    assert "(given)" in result.stderr
    result = run("images_raw/0001.mat", "-y")
    assert result.exit_code == 0
    assert "(estimated)" in result.stderr


@pytest.mark.usefixtures("truth")
class TestErrors:
    @pytest.mark.parametrize(
        ("how", "code", "words"),
        [
            (["-o", "a.png"], 1, "a .mat file becomes a .mat file"),
            (["--format", "png"], 1, "a .mat file becomes a .mat file"),
            (["-o", "-"], 1, "its result, a .mat file, cannot go to standard output"),
            (["--develop"], 1, "cannot be developed"),
            (["--chroma", "1"], 1, "cannot be developed"),
            (["--crop", "0,0,8,8"], 1, "cannot be developed"),
            (["--sigma", "5"], 1, "give --noise A,B instead"),
        ],
    )
    def test_what_does_not_go_together(self, how, code, words):
        result = run("images_raw/0001.mat", *how)
        assert result.exit_code == code, result.output
        assert words in result.stderr
        assert "Traceback" not in result.stderr

    def test_bad_files_do_not_stop_the_others(self):
        scipy.io.savemat("none.mat", {"other": np.ones((8, 8))})
        scipy.io.savemat("flat.mat", {"Inoisy": np.ones((8, 8, 3))})
        scipy.io.savemat("nan.mat", {"Inoisy": np.full((8, 8), np.nan)})
        scipy.io.savemat("text.mat", {"Inoisy": "text"})
        write_hdf5(Path("one.mat"), lambda file: put(file, "Inoisy", np.ones((1, 9), np.float32)))
        Path("cut.mat").write_bytes(Path("images_raw/0001.mat").read_bytes()[:3000])
        Path("noise.mat").write_bytes(b"nonsense" * 99)
        told = {
            "none.mat": "has no raw values (Inoisy), only other",
            "images_srgb/0001.mat": "for sRGB pictures, use n3 bench dnd-srgb",
            "flat.mat": "Inoisy is 8×8×3, expected a mosaic H×W",
            "nan.mat": "not finite",
            "text.mat": "expected an image of 1 planes",
            "one.mat": "expected a mosaic H×W of at least 2×2",
            "cut.mat": "is damaged or cut off",
            "noise.mat": "is not a MATLAB file",
        }
        result = run(*told, "images_raw/0002.mat", "-o", "out/")
        assert result.exit_code == 1
        for name, words in told.items():
            assert any(
                line.startswith(f"{name}: ") and words in line
                for line in result.stderr.replace("n3: error: ", "").splitlines()
            ), (name, result.stderr)
        assert [path.name for path in Path("out").iterdir()] == ["0002.mat"]

    def test_a_damaged_info(self):
        scipy.io.savemat("info.mat", {"info": {"nlf": 1}})
        result = run("images_raw/0001.mat")
        assert result.exit_code == 1
        assert "info.mat: its struct info has no boundingboxes" in result.stderr
        assert run("images_raw/0001.mat", "--noise", "1e-3,1e-5").exit_code == 0

    def test_pictures_do_not_become_such(self):
        write_picture(Path("a.png"), Picture(np.zeros((9, 9, 3), np.uint8)))
        result = run("a.png", "-o", "a.mat")
        assert result.exit_code == 1
        assert "a.mat: only .mat files become .mat files" in result.stderr

    def test_folders_stand_for_their_pictures_alone(self):
        """Any program has .mat files, and few of them hold a mosaic."""
        run("images_raw", "-o", "out/")
        assert not Path("out").exists()

    def test_other_commands_take_none(self):
        result = CliRunner().invoke(n3, ["upscale", "images_raw/0001.mat"])
        assert result.exit_code == 1
        assert "is a .mat file, which only n3 denoise reads" in result.stderr
