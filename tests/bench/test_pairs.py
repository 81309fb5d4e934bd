"""Suites of correspondences: what is found where, what filters choose, and which poses follow."""

import json
import pickle
import re
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from reference.two_views import scene as two_views

from n3cli.bench.pair_measurement import Poses, measure_pairs
from n3cli.bench.pair_method import PairMethod, Verdict, make_classifiers, make_filters
from n3cli.bench.pair_pose import DRAWS, make_pose_errors
from n3cli.bench.pair_report import suite_text
from n3cli.cli.bench_asked import Asked
from n3cli.cli.bench_report import divide
from n3cli.cli.main import n3
from n3cli.data.pairs.pair import Pair
from n3cli.data.pairs.pair_set import PAIR_SETS
from n3cli.data.published.index import COLLECTIONS
from n3cli.data.simulated.scene import make_scene
from n3cli.errors import DataError
from n3cli.io.picture import Picture, read_picture, write_picture


def easy_pair(seed=0, wrong=60):
    """A pair in which the ratio test is right but for few."""
    rng = np.random.default_rng(seed)
    rotation, translation, x0, x1 = two_views(seed, count=100)
    points = np.hstack([x0, x1])
    points[:wrong, 2:] = rng.uniform(-0.5, 0.5, (wrong, 2))
    points += rng.normal(0, 1e-5, points.shape)
    ratio = np.where(np.arange(100) < wrong, 0.9, 0.5).astype(np.float32)
    ratio[0], ratio[-1] = 0.7, 0.85
    mutual = np.arange(100) % 10 > 0
    return Pair(f"pair {seed}", points.astype(np.float32), rotation, translation, ratio, mutual)


@pytest.fixture(scope="module")
def measured():
    pairs = [easy_pair(seed) for seed in range(4)]
    told = []
    methods = make_filters(["none", "ratio", "mutual", "ratio+mutual"])
    found = measure_pairs("strecha", "easy", pairs, methods, make_pose_errors(), told.append)
    assert told == [f"easy: pair {seed}" for seed in range(4)]
    return found


def test_filters_choose_what_they_say(measured):
    pair = easy_pair()
    kept = {row.method.name: row.method.judge(pair).kept for row in measured.rows}
    np.testing.assert_array_equal(kept["none"], True)
    np.testing.assert_array_equal(kept["ratio"], pair.ratio < 0.8)
    np.testing.assert_array_equal(kept["mutual"], pair.mutual)
    np.testing.assert_array_equal(kept["ratio+mutual"], kept["ratio"] & kept["mutual"])


def test_figures_are_means_over_pairs(measured):
    assert (measured.pairs, measured.correspondences) == (4, 100)
    assert measured.right == pytest.approx(np.mean([easy_pair(s).right.mean() for s in range(4)]))
    none, ratio, *_ = (row.labels for row in measured.rows)
    assert none.recall == 1
    assert none.precision == pytest.approx(measured.right)
    assert ratio.precision > 0.95
    assert ratio.recall > 0.9


def test_robust_estimators_find_poses_where_eight_points_do_not(measured):
    none, ratio, *_ = (row.poses for row in measured.rows)
    assert none["8pt"].mean_accuracies[0] < 0.5
    for name in none.keys() - {"8pt"}:
        assert ratio[name].mean_accuracies == (1, 1, 1)
        assert ratio[name].areas[0] > 0.9
        assert ratio[name].interval == (1, 1)


def test_the_truth_gives_the_pose_by_any_estimator():
    truth = PairMethod(
        "truth", "", lambda pair: Verdict(pair.right, pair.right * 1.0, pair.right * 1.0)
    )
    nothing = PairMethod(
        "nothing", "", lambda pair: Verdict(~pair.right & False, np.zeros(100), np.zeros(100))
    )
    pairs = [easy_pair(seed) for seed in range(2)]
    best, worst = measure_pairs(
        "strecha", "x", pairs, [truth, nothing], make_pose_errors(), print
    ).rows
    assert best.labels == (1, 1, 1, 1)
    for poses in best.poses.values():
        assert np.max(poses.errors) < 2  # some wrong ones lie near their lines by chance
    assert worst.labels.precision == worst.labels.recall == 0
    for poses in worst.poses.values():
        assert set(np.ravel(poses.errors)) == {np.inf}
        assert poses.areas == (0, 0, 0)


def test_pose_figures():
    poses = Poses(((1.0,), (7.0,), (12.0,), (np.inf,)))
    assert poses.mean_accuracies == pytest.approx(
        (1 / 4, (1 / 4 + 2 / 4) / 2, (1 + 2 + 3 + 3) / 16)
    )
    assert poses.areas[0] == pytest.approx(0.2)
    assert poses.deviation is None


def test_draws_count_alike():
    draws = (1.0, 7.0, 12.0, np.inf), (2.0, 3.0, 6.0, np.inf)
    both = Poses(tuple(zip(*draws, strict=True)))
    each = [Poses(tuple((error,) for error in draw)) for draw in draws]
    assert both.areas == pytest.approx(np.mean([one.areas for one in each], 0))
    assert both.mean_accuracies == pytest.approx(np.mean([one.mean_accuracies for one in each], 0))
    assert both.deviation == pytest.approx(np.std([one.areas[0] for one in each], ddof=1))


def test_random_estimators_are_asked_several_times(measured):
    rows = measured.rows[0].poses
    assert [len(of_pair) for of_pair in rows["8pt"].errors] == [1] * 4
    assert [len(of_pair) for of_pair in rows["ransac"].errors] == [DRAWS] * 4
    assert len(set(rows["ransac"].errors[0])) > 1
    text = suite_text(measured, markdown=False)
    assert re.search(r"ransac .* ± \d", text)
    assert not re.search(r"8pt .* ± ", text)


def test_a_set_without_ratios_is_told():
    pair = Pair("x", np.zeros((9, 4), np.float32), np.eye(3), np.array([1.0, 0, 0]))
    (method,) = make_filters(["ratio"])
    with pytest.raises(DataError, match="x: its data has no ratios"):
        method.judge(pair)


def test_networks_judge_whole_pairs(tmp_path):
    from n3cli.networks.registry import build, complete
    from n3cli.zoo.config import ModelConfig
    from n3cli.zoo.folder import save_folder

    options = complete("n3cnet", {"width": 16, "blocks": 2, "n3_after": "1", "inputs": 6})
    config = ModelConfig("match-n3cnet-test", "match", "n3cnet", options, None, "float32")
    save_folder(tmp_path / "m", config, build("n3cnet", options), "card")
    (method,) = make_classifiers([str(tmp_path / "m")], "cpu")
    verdict = method.judge(easy_pair())
    np.testing.assert_array_equal(verdict.kept, verdict.score > 0)
    np.testing.assert_allclose(verdict.weight, np.tanh(verdict.score).clip(0))
    assert len(set(verdict.score)) > 50


def write_dump(folder, count=3):
    folder.mkdir(parents=True)
    scenes = [make_scene(np.random.default_rng(seed), 200) for seed in range(count)]
    columns = {
        "xs": [scene.points[None] for scene in scenes],
        "Rs": [scene.rotation for scene in scenes],
        "ts": [scene.translation for scene in scenes],
        "ratios": [scene.ratio for scene in scenes],
        "mutuals": [scene.mutual for scene in scenes],
    }
    for name, values in columns.items():
        (folder / f"{name}_te.pkl").write_bytes(pickle.dumps(values, 2))


def run(*arguments):
    return CliRunner().invoke(n3, ["bench", *map(str, arguments)])


def test_the_command_on_a_published_dump(tmp_path):
    write_dump(tmp_path / "Reichstag" / "numkp-2000" / "nn-1" / "nocrop" / "te-1000")
    common = ("reichstag", "--data", tmp_path, "--against", "ratio,ratio+mutual")
    found = run(*common, "--json", "--images", 2)
    assert found.exit_code == 0, found.output
    (suite,) = json.loads(found.stdout)["suites"]
    assert suite["data"] == "Reichstag numkp-2000 nn-1 nocrop te-1000"
    assert suite["pairs"] == 2
    assert [row["method"] for row in suite["measured"]] == ["ratio", "ratio+mutual"]
    assert {"8pt", "ransac"} <= suite["measured"][0]["poses"].keys()
    assert 0 <= suite["measured"][0]["poses"]["ransac"]["map5"] <= 1
    found = run(*common, "--markdown")
    assert found.exit_code == 0, found.output
    assert "| ratio+mutual |" in found.stdout
    assert "could not be had" in found.stdout
    header = next(line for line in found.stdout.splitlines() if "mAP5" in line)
    assert header.split("|")[-2].strip() == "published mAP"
    assert found.stdout.count("not to be had |") == found.stdout.count("| ratio") - 2


def test_json_of_a_dump_without_right_matches(tmp_path):
    folder = tmp_path / "Brown"
    folder.mkdir()
    points = np.random.default_rng(0).uniform(-0.5, 0.5, (1, 50, 4)).astype(np.float32)
    points[..., 3] += 9  # far from where any of them could be
    columns = {"xs": [points], "Rs": [np.eye(3)], "ts": [np.array([1.0, 0, 0])]}
    for name, values in columns.items():
        (folder / f"{name}_te.pkl").write_bytes(pickle.dumps(values, 2))
    found = run("brown", "--data", tmp_path, "--against", "none", "--json")
    assert found.exit_code == 0, found.output
    (suite,) = json.loads(found.stdout, parse_constant=pytest.fail)["suites"]
    assert suite["right"] == 0
    assert suite["measured"][0]["precision"] is None
    assert suite["measured"][0]["poses"]["8pt"]["map5"] is not None


def test_what_wants_ratios_is_left_out_where_a_dump_has_none(tmp_path):
    folder = tmp_path / "Brown"
    folder.mkdir()
    pair = easy_pair()
    columns = {"xs": [pair.points[None]], "Rs": [pair.rotation], "ts": [pair.translation]}
    for name, values in columns.items():
        (folder / f"{name}_te.pkl").write_bytes(pickle.dumps(values, 2))
    for arguments, left_out, measured in (
        ((), "match-n3cnet-flags", ["match-cnet"]),
        (("--against", "none,ratio", "-m", "cnet"), "ratio", ["none", "match-cnet"]),
    ):
        command = ["bench", "brown", "--json", *arguments, "--data", str(tmp_path)]
        done = CliRunner().invoke(n3, command)
        assert done.exit_code == 0, done.stderr
        (suite,) = json.loads(done.stdout)["suites"]
        assert [row["method"] for row in suite["measured"]] == measured
        assert ("weights_sha256" in suite["measured"][-1]) == (measured[-1] == "match-cnet")
        assert f"Brown: without {left_out}, as the data has no" in done.stderr
    done = CliRunner().invoke(n3, [*command[:3], "-m", "n3cnet-flags", *command[-2:]])
    assert done.exit_code == 2
    assert "needs the ratio and the mutual flag" in done.stderr


@pytest.mark.parametrize("judge", [("--against", "ratio"), ("--against", "ratio,mutual"), ()])
def test_a_dump_is_read_once(tmp_path, monkeypatch, judge):
    write_dump(tmp_path / "Brown" / "te-1000", 1)
    source, read = PAIR_SETS["brown"], []

    def counted(scene):
        return replace(scene, pairs=lambda: read.append(scene.title) or scene.pairs())

    def scenes(folder):
        return [counted(scene) for scene in source.scenes(folder)]

    monkeypatch.setitem(PAIR_SETS, "brown", replace(source, scenes=scenes))
    found = run("brown", "--data", tmp_path, *judge, "--json")
    assert found.exit_code == 0, found.output
    assert read == ["Brown te-1000"]


def test_filters_say_what_they_want():
    points = np.zeros((9, 4), np.float32)
    pair = Pair("x", points, np.eye(3), np.array([1.0, 0, 0]), ratio=np.ones(9, np.float32))
    methods = make_filters(["none", "ratio", "mutual", "ratio+mutual"])
    assert [each.can_judge(pair) for each in methods] == [True, True, False, False]


def test_a_page_of_correspondences(tmp_path):
    write_dump(tmp_path / "Brown" / "te-1000", 2)
    found = run("brown", "--data", tmp_path, "--against", "ratio,ratio+mutual", "--html")
    assert found.exit_code == 0, found.output
    for part in ("<!doctype html>", "Brown te-1000: 2 pairs", "Poses by ransac", "not to be had"):
        assert part in found.stdout
    assert found.stdout.count("<svg") == found.stdout.count("Poses by") >= 2


def test_images_and_correspondences_in_one_report(tmp_path):
    write_dump(tmp_path / "Brown" / "te-1000")
    (tmp_path / "Textures").mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (24, 24, 1)).astype(np.uint8)
    for index in range(8):
        write_picture(tmp_path / "Textures" / f"{index}.png", Picture(pixels))
    found = run(
        "textures", "brown", "--data", tmp_path, "--against", "nlm-opencv,ratio", "--sigma", "25",
        "--images", 1, "--json",
    )  # fmt: skip
    assert found.exit_code == 0, found.output
    images, pairs = json.loads(found.stdout)["suites"]
    assert (images["suite"], pairs["suite"]) == ("textures", "brown")
    assert [row["method"] for row in images["measured"]] == ["nlm-opencv"]
    assert [row["method"] for row in pairs["measured"]] == ["ratio"]
    assert "epipolar" in pairs["protocol"]
    assert "default_rng" in images["protocol"]


def test_the_paper_has_the_correspondences_that_are_at_hand(tmp_path):
    write_dump(tmp_path / "Reichstag" / "te-1000")
    asked = Asked(("paper",), {}, (), (), tmp_path, None, "cpu", "auto", True, None, None, None)
    images, pairs = divide(asked)
    assert (images.names, images.models) == (("paper",), ())
    assert pairs.names == ("reichstag",)
    assert pairs.models == ("match-cnet", "match-n3cnet-flags")
    rules = divide(replace(asked, models=("n3net",), peers=("nlm", "ratio")))
    assert [(each.models, each.peers) for each in rules] == [
        (("n3net",), ("nlm",)),
        ((), ("ratio",)),
    ]


@pytest.mark.parametrize("judge", [("-m", "match-cnet"), ("--against", "bm3d,ratio")])
def test_the_paper_without_correspondences_has_nothing_for_those_who_judge_them(tmp_path, judge):
    found = run("paper", *judge, "--data", tmp_path, "--offline")
    assert found.exit_code == 2, found.output
    told = " ".join(found.stderr.split())
    assert "paper: without brown" in told
    assert f"{judge[1].split(',')[-1]}: only for the paper's correspondences" in told
    assert "none of them are here" in told


def test_what_the_command_cannot_do(tmp_path):
    for arguments, code, message in (
        (("reichstak",), 2, "did you mean 'reichstag'?"),
        (("reichstag", "--sigma", "25"), 2, "correspondences take only -m, --against"),
        (("reichstag", "--tolerance", "1"), 2, "correspondences take only -m, --against"),
        (("brown", "-m", "none"), 2, "give --against none"),
        (("brown", "--against", "bm3d"), 2, "known are none, ratio"),
        (("yfcc", "--against", "none"), 3, "YFCC100M not found"),
        (("strecha", "--against", "none"), 3, "has no photos with .camera files"),
        (("brown", "--offline", "--against", "none"), 3, "run n3 fetch-data brown"),
    ):
        found = run(*arguments, "--data", tmp_path)
        assert found.exit_code == code, found.output
        assert message in " ".join(found.stderr.split())


def test_a_scene_is_found_once(tmp_path):
    for name in ("a", "b"):
        model = tmp_path / name / "colmap"
        model.mkdir(parents=True)
        for file in ("cameras", "images"):
            (model / f"{file}.txt").touch()
    assert [scene.title for scene in PAIR_SETS["colmap"].find(tmp_path).scenes] == ["a", "b"]
    assert [scene.title for scene in PAIR_SETS["colmap"].find(tmp_path / "a").scenes] == ["a"]


def test_suites_lie_where_their_data_is_fetched_to():
    for suite in PAIR_SETS.values():
        if suite.collection:
            assert COLLECTIONS[suite.collection].folder == suite.folder
            assert COLLECTIONS[suite.collection].kind == "correspondences"


def show(*arguments):
    return CliRunner().invoke(n3, ["fetch-data", "--show", *map(str, arguments)])


def test_a_set_is_shown_with_its_matches_drawn(tmp_path):
    write_dump(tmp_path / "Brown" / "te-1000")
    found = show("brown", "--dir", tmp_path, "-o", tmp_path / "sheet.png")
    assert found.exit_code == 0, found.output
    assert "matches     200 a pair" in found.stdout
    assert "opens as    brown" in found.stdout
    sheet = read_picture(tmp_path / "sheet.png").pixels.astype(int)
    red = (sheet[..., 0] > 200) & (sheet[..., 1] < 80)
    green = (sheet[..., 1] > 150) & (sheet[..., 0] < 80)
    assert red.sum() > 500
    assert green.sum() > 100
    found = show("reichstag", "--dir", tmp_path, "-o", tmp_path / "other.png")
    assert found.exit_code == 3
    assert "run n3 fetch-data reichstag" in " ".join(found.stderr.split())
