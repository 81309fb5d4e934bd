"""`n3 bench FOLDER`: pictures of one's own, measured by the rules of the suites."""

import hashlib
import json

import numpy as np
import pytest
from click.testing import CliRunner
from reference.slow_metric import slow_psnr

from n3cli.cli.main import n3
from n3cli.io.picture import Picture, read_picture, write_picture
from n3cli.zoo.locate import bundled


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def draw(path, height=40, width=52, planes=3, seed=0):
    y, x = np.mgrid[:height, :width]
    waves = 120 + 60 * np.sin((x + 3 * seed) / 5) + y
    pixels = np.stack([waves - 9 * plane for plane in range(planes)], axis=-1).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_picture(path, Picture(pixels))
    return pixels / 255


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run `n3 bench` in a new folder, on the CPU."""
    monkeypatch.chdir(tmp_path)

    def bench(*arguments, exit_code=0):
        done = CliRunner().invoke(n3, ["bench", *map(str, arguments), "--device", "cpu"])
        assert done.exit_code == exit_code, done.stderr
        return json.loads(done.stdout)["suites"] if "--json" in arguments else done.stderr

    return bench


def test_noise_follows_from_a_pictures_name(run, tmp_path):
    clean = [draw(tmp_path / "mine" / name, seed=i) for i, name in enumerate(["a.png", "b/c.png"])]
    (suite,) = run("mine", "--against", "noisy", "--sigma", "10,25", "--json")
    assert (suite["suite"], suite["images"], suite["channels"]) == ("mine", 2, 3)
    (row,) = suite["measured"]
    assert [scores["image"] for scores in row["per_image"]] == ["a.png", "b/c.png"]
    for image, scores in zip(clean, row["per_image"], strict=True):
        seed = int(hashlib.sha256(scores["image"].encode()).hexdigest()[:16], 16)
        for level, psnr in zip((10, 25), scores["psnr"], strict=True):
            noise = np.random.default_rng(seed).standard_normal(image.shape) * level / 255
            assert psnr == pytest.approx(slow_psnr(np.clip(image + noise, 0, 1), image, 1), abs=0.1)
    assert "seed is the first 8 bytes" in suite["protocol"]
    draw(tmp_path / "mine" / "0.png", seed=2)
    (suite,) = run("mine", "--against", "noisy", "--sigma", "10,25", "--json")
    again = suite["measured"][0]["per_image"][1:]
    for each in (*again, *row["per_image"]):
        assert len(each.pop("seconds")) == 2
    assert again == row["per_image"]


def test_grey_and_colour_pictures_go_to_their_own_networks(run, tmp_path):
    draw(tmp_path / "mine" / "grey.png", planes=1)
    draw(tmp_path / "mine" / "colour.png")
    colour, grey = run("mine", "--sigma", "25", "--json")
    assert (colour["suite"], grey["suite"]) == ("mine", "mine-gray")
    assert [each["measured"][0]["method"] for each in (colour, grey)] == [
        "denoise-n3unet-color",
        "denoise-n3unet-gray",
    ]
    (only,) = run("mine/../mine", "--against", "noisy", "--images", 1, "--json")[:1]
    assert only["measured"][0]["per_image"][0]["image"] == "colour.png"


def test_with_a_scale_pictures_are_cut_made_small_and_enlarged(run, tmp_path):
    draw(tmp_path / "mine" / "odd.png", 41, 55)
    asked = ("mine", "--scale", "2,3", "--against", "bicubic", "--json")
    (suite,) = run(*asked, "--save-images", tmp_path / "out")
    assert suite["suite"] == "mine-sr"
    assert "multiples of 6 pixels" in suite["protocol"]
    assert suite["scales"] == [2, 3]
    assert min(suite["measured"][0]["psnr"]) > 25
    whole = read_picture(tmp_path / "mine" / "odd.png").pixels
    for scale in (2, 3):
        folder = tmp_path / "out" / "mine-sr" / f"scale-{scale}"
        assert np.array_equal(read_picture(folder / "clean/odd.png").pixels, whole[:36, :54])
        low = read_picture(folder / "given/odd.png").pixels
        assert low.shape == (36 // scale, 54 // scale, 3)


def test_noise_and_scales_together_are_two_suites(run, tmp_path):
    draw(tmp_path / "mine" / "a.png")
    suites = run("mine", "--sigma", 5, "--scale", 2, "--against", "noisy,bicubic", "--json")
    assert [(each["suite"], each.get("sigmas"), each.get("scales")) for each in suites] == [
        ("mine", [5], None),
        ("mine-sr", None, [2]),
    ]


def test_what_n3_made_is_no_original(run, tmp_path):
    draw(tmp_path / "mine" / "a.png")
    draw(tmp_path / "mine" / "a_n3dn.png")
    (suite,) = run("mine", "--against", "noisy", "--json")
    assert suite["images"] == 1
    assert "pictures left out that n3 made: 1" in run("mine", "--against", "noisy")


def test_nothing_was_published_of_a_folder_whatever_it_is_called(run, tmp_path):
    draw(tmp_path / "sets" / "kodak24" / "a.png")
    draw(tmp_path / "sets" / "kodak24" / "a.jpg")
    (suite,) = run(
        "sets/kodak24", "--against", "noisy", "--json", "--save-images", tmp_path / "out"
    )
    assert suite["published"] == []
    assert "verified" not in suite
    saved = sorted(path.name for path in (tmp_path / "out/kodak24/sigma-15/noisy").iterdir())
    assert saved == ["a.jpg.png", "a.png.png"]


def test_json_says_which_networks_and_files_were_measured(run, tmp_path):
    for name in ("a.png", "b/c.png", "d.png"):
        draw(tmp_path / "mine" / name)
    asked = ("mine", "--images", "2", "--sigma", "25", "--json")
    (suite,) = run(*asked, "-m", "n3unet", "--against", "noisy")
    assert suite["path"] == str(tmp_path / "mine")
    names = [each["image"] for each in suite["measured"][0]["per_image"]]
    listed = "".join(f"{sha256(tmp_path / 'mine' / name)}  {name}\n" for name in names)
    assert suite["files_sha256"] == hashlib.sha256(listed.encode()).hexdigest()
    network, noisy = suite["measured"]
    assert "weights_sha256" not in noisy
    place = bundled()["denoise-n3unet-color"]
    assert network["source"] == str(place)
    assert network["weights_sha256"] == sha256(place / "model.safetensors")
    assert f"{network['parameters']:,} parameters, {network['precision']}" in network["note"]


@pytest.mark.parametrize("broken", ["head", "rest"])
def test_a_broken_picture_is_to_be_removed(run, tmp_path, broken):
    draw(tmp_path / "mine" / "a.png")
    draw(tmp_path / "mine" / "b.png")
    data = (tmp_path / "mine" / "b.png").read_bytes()
    (tmp_path / "mine" / "b.png").write_bytes(b"no" if broken == "head" else data[:-200])
    text = run("mine", "--against", "noisy", exit_code=1)
    assert "mine/b.png: " in text
    assert text.endswith("; remove it from the folder to measure the others\n")


def test_a_suites_name_is_a_suite_and_a_comma_in_a_folders_name_is_no_list(run, tmp_path):
    draw(tmp_path / "set12" / "a.png")
    text = run("set12", "--offline", "--data", tmp_path / "none", exit_code=3)
    assert "Set12 not found" in text
    draw(tmp_path / "June, July" / "a.png")
    longer_than_a_name = "noisy," * 60
    (suite,) = run("June, July", "--against", longer_than_a_name, "--json")
    assert suite["suite"] == "June, July"
    assert len(suite["measured"]) == 1


@pytest.mark.parametrize(
    ("arguments", "exit_code", "advice"),
    [
        (["nothing/"], 3, "nothing is not a folder"),
        (["n" * 300], 2, "no suite is called 'nnn"),
        (["empty"], 3, "empty has no picture files in it"),
        (["small"], 3, "dot.png has 10×12 pixels, too few"),
        (["wide", "--scale", "4"], 3, "strip.png has 40×18 pixels, too few"),
        (["wide", "other/wide"], 2, "two suites would be called wide"),
        (["wide", "--tolerance", "0.1"], 2, "no figures are published"),
        (["wide", "-m", "n3sr"], 3, "upscale-n3sr-color"),
    ],
)
def test_what_cannot_be_measured_is_told_before_anything_is(
    run, tmp_path, arguments, exit_code, advice
):
    (tmp_path / "empty").mkdir()
    draw(tmp_path / "small" / "dot.png", 12, 10)
    draw(tmp_path / "wide" / "strip.png", 18, 40)
    draw(tmp_path / "other" / "wide" / "a.png")
    text = run(*arguments, exit_code=exit_code)
    assert advice in text
    assert "image 1" not in text
