"""Pairs of pictures: made-up scenes whose pose is known, and what must not make it fall over."""

import dataclasses
import importlib.util
import warnings
from functools import cache

import cv2
import numpy as np
import pytest
import torch

import n3cli
from n3cli.errors import ConfigError, DeviceError, InputError, ModelError, N3Warning
from n3cli.inference.match import classifier, geometry
from n3cli.inference.match import matcher as matcher_module
from n3cli.inference.match.classifier import Classifier
from n3cli.inference.match.matcher import Matcher
from n3cli.io.match.matches import from_pairs
from n3cli.networks import registry
from n3cli.ops.row_source import ArraySource
from n3cli.ops.two_view.camera import Camera
from n3cli.ops.two_view.pose import rotation_error, translation_error
from n3cli.zoo import locate
from n3cli.zoo.config import ModelConfig
from n3cli.zoo.folder import SetModel, save_folder
from tests.reference.two_pictures import SIZE, K, texture, turned, two_views
from tests.reference.two_views import scene

FIRST, SECOND, ROTATION, TRANSLATION = two_views()
HAS_POSELIB = importlib.util.find_spec("poselib") is not None
ESTIMATORS = [
    pytest.param(
        name,
        marks=[pytest.mark.skipif(not HAS_POSELIB, reason="needs PoseLib")] * (name == "poselib"),
    )
    for name in ("poselib", "magsac", "ransac")
]


@cache
def features(key):
    picture = {"first": FIRST, "second": SECOND}[key]
    return Matcher("none", max_keypoints=1000).features(ArraySource(picture[..., None]))


def match(second, model, K=None, **how):  # noqa: N803
    """As `n3cli.match` with the first picture; keypoints of the two pictures are found once."""
    if second is not SECOND:
        return n3cli.match(FIRST, second, model, K=K, max_keypoints=1000, **how)
    cameras = None if K is None else (Camera(K), Camera(K))
    return Matcher(model, **how).match(features("first"), features("second"), cameras)


def random_model(inputs=4, seed=0):
    torch.manual_seed(seed)
    options = registry.complete(
        "n3cnet", {"inputs": inputs, "width": 16, "blocks": 2, "n3_after": "1"}
    )
    network = registry.build("n3cnet", options).eval()
    return SetModel(
        ModelConfig("match-n3cnet-random", "match", "n3cnet", options, None, "float32"),
        network,
        "here",
    )


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_pose_is_found(estimator):
    found = match(SECOND, "none", K=K, estimator=estimator)
    assert found.status == "ok"
    assert rotation_error(found.R, ROTATION) < 0.5
    assert translation_error(found.t, TRANSLATION) < 3
    assert found.t @ TRANSLATION > 0.99  # the sign, too
    assert np.linalg.norm(found.t) == pytest.approx(1)
    assert found.facts["estimator"] == estimator
    assert found.F is None
    x, y, z = found.t
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    np.testing.assert_allclose(found.E, cross @ found.R, atol=1e-9)
    assert 100 < found.agreeing <= found.kept <= found.putative <= 1000


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_without_cameras_it_is_the_fundamental_matrix(estimator):
    found = match(SECOND, "none", estimator=estimator)
    assert found.status == "ok"
    assert found.E is None
    assert found.R is None
    assert found.K0 is None
    points0, points1 = (np.column_stack([each, np.ones(len(each))])
                        for each in found.points(found.inliers))  # fmt: skip
    lines = points0 @ found.F.T
    distance = np.abs((points1 * lines).sum(1)) / np.linalg.norm(lines[:, :2], axis=1)
    assert distance.max() <= 1.5
    # Near what the cameras say.
    x, y, z = TRANSLATION
    back = np.linalg.inv(K)
    truth = back.T @ np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]]) @ ROTATION @ back
    true_lines = points0 @ truth.T
    apart = np.abs((points1 * true_lines).sum(1)) / np.linalg.norm(true_lines[:, :2], axis=1)
    assert np.median(apart) < 0.5


def test_the_function_gives_what_the_matcher_gives():
    whole = n3cli.match(FIRST, SECOND, "none", K=K, max_keypoints=1000)
    parts = match(SECOND, "none", K=K)
    np.testing.assert_array_equal(whole.E, parts.E)
    np.testing.assert_array_equal(whole.matches, parts.matches)
    assert whole.size0 == SIZE


def test_eight_points_need_clean_matches():
    rotation, _, x0, x1 = scene(3)
    pixels = [each * 700 + [319.5, 239.5] for each in (x0, x1)]
    matcher = Matcher("none", estimator="8pt")
    found = matcher.judge(from_pairs(*pixels), (Camera(K), Camera(K)))
    assert found.status == "ok"
    assert rotation_error(found.R, rotation) < 1e-2
    assert found.agreeing == len(x0)


def test_nothing_is_estimated_where_nothing_is_asked():
    found = match(SECOND, "none", K=K, estimator="none")
    assert found.status == "putative"
    assert found.E is None
    assert found.kept > 100


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_the_seed_makes_it_the_same(estimator):
    once, again = (match(SECOND, "none", K=K, estimator=estimator, seed=3) for _ in range(2))
    np.testing.assert_array_equal(once.E, again.E)
    np.testing.assert_array_equal(once.inliers, again.inliers)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("degrees", [0, 7])
def test_a_turn_tells_no_translation(estimator, degrees):
    rotation = turned(degrees)
    second = cv2.warpPerspective(FIRST, K @ rotation @ np.linalg.inv(K), SIZE)
    found = match(second, "none", K=K, estimator=estimator)
    assert found.status == "rotation"
    assert found.t is None
    assert found.E is None
    assert rotation_error(found.R, rotation) < 0.1
    assert found.agreeing > 0.8 * found.kept


def flat():
    """The first picture as a wall, seen from elsewhere."""
    return two_views(depths=(4.0, 4.0))[1]


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("second", ["same", "turned", "flat"])
def test_without_cameras_a_turn_and_a_flat_scene_tell_no_fundamental_matrix(estimator, second):
    across = K @ turned(7) @ np.linalg.inv(K)
    picture = {
        "same": lambda: FIRST,
        "turned": lambda: cv2.warpPerspective(FIRST, across, SIZE),
        "flat": flat,
    }[second]()
    found = match(picture, "none", estimator=estimator)
    assert found.status == "homography"
    assert found.F is None
    assert found.agreeing > 0.8 * found.kept
    assert np.linalg.norm(found.H) == pytest.approx(1)
    points0, points1 = found.points(found.inliers)
    moved = np.column_stack([points0, np.ones(len(points0))]) @ found.H.T
    assert np.median(np.linalg.norm(moved[:, :2] / moved[:, 2:] - points1, axis=1)) < 0.5
    if second == "turned":
        grid = np.array([[x, y, 1.0] for x in (0, 200, 400, 639) for y in (0, 200, 479)])
        found_at, true_at = (grid @ matrix.T for matrix in (found.H, across))
        apart = found_at[:, :2] / found_at[:, 2:] - true_at[:, :2] / true_at[:, 2:]
        assert np.linalg.norm(apart, axis=1).max() < 1


@pytest.mark.parametrize("degrees", [5, 10, 15])
def test_windows_taken_for_each_other_are_no_depth(shared, degrees):
    path = shared / "match" / "Herz-Jesus-P8" / "0003.jpg"
    if not path.is_file():
        pytest.skip("needs Herz-Jesus-P8")
    picture = cv2.resize(cv2.imread(str(path), 0), (1000, 667), interpolation=cv2.INTER_AREA)
    across = K @ turned(degrees) @ np.linalg.inv(K)
    second = cv2.warpPerspective(picture, across, (1000, 667))
    noise = np.random.default_rng(0).normal(0, 4, second.shape)
    second = np.clip(second + noise, 0, 255).astype(np.uint8)
    assert n3cli.match(picture, second, "none").status == "homography"


def test_a_pixel_is_one_of_the_copy_that_keypoints_are_found_in(monkeypatch):
    asked = []

    def estimate(*points, threshold, **how):
        asked.append(threshold)
        return geometry.estimate_geometry(*points, threshold=threshold, **how)

    monkeypatch.setattr(matcher_module, "estimate_geometry", estimate)
    for how in ({}, {"resize": 320}, {"resize": 0}, {"resize": 320, "pixel_threshold": 0.7}):
        match(SECOND, "none", **how)
    assert asked == [1, 2, 1, 0.7]


@pytest.mark.parametrize(("on", "off"), [(3000, 140), (1900, 90), (1000, 40)])
def test_little_depth_beside_a_wall_is_kept_with_a_matrix(on, off):
    rng = np.random.default_rng(0)
    walls, depths, volume = scene(5, on, flat=True), scene(5, off), scene(5, 1000)
    matched, truth = (
        [np.concatenate(views) * 700 + [319.5, 239.5] for views in zip(*scenes, strict=True)]
        for scenes in ([walls[2:], depths[2:]], [volume[2:]])
    )
    found = Matcher("none").judge(from_pairs(*(x + rng.normal(0, 0.4, x.shape) for x in matched)))
    assert found.status == "homography"
    assert found.H is not None
    assert found.F is not None
    assert found.inliers[:on].mean() > 0.99
    assert found.inliers[on:].mean() > 0.9
    first, second = (np.column_stack([x, np.ones(len(x))]) for x in truth)
    lines = first @ found.F.T
    apart = np.abs((second * lines).sum(1)) / np.linalg.norm(lines[:, :2], axis=1)
    assert np.quantile(apart, 0.95) < 0.5


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize(("off", "status"), [(0, "homography"), (40, "ok")])
def test_few_points_off_a_wall_tell_the_fundamental_matrix(estimator, off, status):
    _, _, x0, x1 = scene(5, count=300, flat=True)
    rng = np.random.default_rng(0)
    if off:
        _, _, y0, y1 = scene(5, count=300)
        x0[:off], x1[:off] = y0[:off], y1[:off]
    pixels = [each * 700 + [319.5, 239.5] + rng.normal(0, 0.3, each.shape) for each in (x0, x1)]
    pixels[1][-60:] = rng.uniform([0, 0], SIZE, (60, 2))
    found = Matcher("none", estimator=estimator).judge(from_pairs(*pixels))
    assert found.status == status
    assert (found.F is None) == (status == "homography")


def test_points_behind_a_camera_are_far_off_and_no_trouble():
    apart = np.full(10, np.inf)
    apart[:7] = 0.1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not geometry._is_still(apart, np.full(10, 0.1))
        assert geometry._is_still(np.append(apart[:7], np.inf), np.full(8, 0.1))


@pytest.mark.parametrize("camera", [K, None])
def test_pictures_of_different_things_are_told(camera):
    found = match(texture(9), "none", K=camera, ratio=1, mutual=False)
    assert found.status == "chance"
    assert found.putative > 300
    assert found.E is None
    assert found.R is None


@pytest.mark.parametrize("camera", [K, None])
def test_too_few_matches_are_told(camera):
    blank = np.full((200, 200), 90, np.uint8)
    for pair in ((FIRST, blank), (blank, FIRST), (blank, blank)):
        found = n3cli.match(*pair, "none", K=camera)
        assert found.status == "few"
        assert found.kept == 0
        assert found.matches.shape == (len(found.keypoints0),)


@pytest.mark.parametrize("points", ["equal", "on a line"])
@pytest.mark.parametrize("estimator", [*ESTIMATORS, "8pt"])
@pytest.mark.parametrize("calibrated", [True, False])
def test_points_without_extent_are_no_crash(points, estimator, calibrated):
    x0 = np.full((30, 2), 50.0) if points == "equal" else np.arange(60.0).reshape(30, 2)
    matcher = Matcher("none", estimator=estimator)
    cameras = (Camera(K), Camera(K)) if calibrated else None
    found = matcher.judge(from_pairs(x0, x0 + 3), cameras)
    assert found.status in ("chance", "rotation", "homography", "ok")


@pytest.mark.parametrize("estimator", ["poselib", "magsac"])
def test_cameras_may_differ(estimator):
    if estimator == "poselib" and not HAS_POSELIB:
        pytest.skip("needs PoseLib")
    rotation, translation, x0, x1 = scene(5, count=200)
    other = np.array([[1400.0, 0, 700], [0, 1300, 500], [0, 0, 1]])
    pixels = (x0 * 700 + [319.5, 239.5], x1 * [1400, 1300] + [700, 500])
    noise = np.random.default_rng(0).normal(0, 0.3, (2, 200, 2))
    given = from_pairs(*(one + two for one, two in zip(pixels, noise, strict=True)))
    found = Matcher("none", estimator=estimator).judge(given, (Camera(K), Camera(other)))
    assert rotation_error(found.R, rotation) < 1
    assert translation_error(found.t, translation) < 3


def test_distortion_is_taken_off():
    rotation, _, x0, x1 = scene(5, count=200)
    bend = (-0.15, 0.0, 0.0, 0.0)
    bent = [each * (1 + bend[0] * (each**2).sum(1, keepdims=True)) for each in (x0, x1)]
    given = from_pairs(*(each * 700 + [319.5, 239.5] for each in bent))
    straight = Matcher("none").judge(given, (Camera(K, bend), Camera(K, bend)))
    ignored = Matcher("none").judge(given, (Camera(K), Camera(K)))
    assert rotation_error(straight.R, rotation) < 0.1
    assert straight.agreeing > ignored.agreeing


@pytest.mark.parametrize("model", ["none", None])
def test_points_beyond_a_lens_models_field_are_left_out(model):
    rng = np.random.default_rng(0)
    points = rng.uniform(-900, 900, (60, 2))
    camera = Camera(np.diag([900.0, 900, 1]), (-0.25, 0.0, 0.0, 0.0))
    given = from_pairs(points, points + 1)
    found = Matcher(model, estimator="none", ratio=1, mutual=False, threshold=0).judge(
        given, (camera, camera)
    )
    beyond = np.linalg.norm(points, axis=1) > 800
    assert beyond.any()
    assert (found.matches[beyond] == -1).all()
    assert (found.matches[np.linalg.norm(points, axis=1) < 500] >= 0).all()


def test_filters_keep_what_they_say():
    everything = match(SECOND, "none", ratio=1, mutual=False, estimator="none")
    assert everything.kept == everything.putative == len(everything.keypoints0)
    for ratio, mutual in ((0.7, False), (1, True), (0.9, True)):
        found = match(SECOND, "none", ratio=ratio, mutual=mutual, estimator="none")
        kept = found.ratio < ratio if ratio < 1 else np.ones(len(found.ratio), bool)
        kept &= found.mutual if mutual else True
        np.testing.assert_array_equal(found.matches >= 0, kept)
    default = match(SECOND, "none", estimator="none")
    np.testing.assert_array_equal(default.matches >= 0, (default.ratio < 0.8) & default.mutual)


class TestModel:
    @pytest.mark.parametrize("inputs", [4, 6])
    def test_it_judges_normalised_points(self, inputs):
        model = random_model(inputs)
        found = match(SECOND, model, K=K, estimator="none", threshold=0.4)
        chosen = found.candidates >= 0
        points = [(each - [319.5, 239.5]) / 700 for each in found.points()]
        sides = [found.ratio[:, None], found.mutual[:, None]][: inputs - 4]
        table = np.concatenate([*points, *sides], axis=1).astype(np.float32)
        with torch.inference_mode():
            expected = model.network(torch.from_numpy(table)[None])[0].numpy()
        np.testing.assert_allclose(found.logits[chosen], expected, atol=1e-4)
        right = 1 / (1 + np.exp(-expected.astype(np.float64)))
        np.testing.assert_allclose(found.match_confidence[chosen], right, atol=1e-4)
        np.testing.assert_array_equal(found.matches >= 0, found.match_confidence >= 0.4)
        assert found.facts["model"] == "match-n3cnet-random"

    def test_it_is_told_what_filters_leave_only(self):
        found = match(SECOND, random_model(), K=K, ratio=0.8, estimator="none")
        np.testing.assert_array_equal(np.isnan(found.logits), found.ratio >= 0.8)
        assert (found.match_confidence[found.ratio >= 0.8] == 0).all()

    def test_without_cameras_points_are_scaled_by_the_picture(self):
        model = random_model()
        found = match(SECOND, model, estimator="none")
        points = [(each - [319.5, 239.5]) / (1.2 * 640) for each in found.points()]
        with torch.inference_mode():
            table = torch.from_numpy(np.concatenate(points, axis=1).astype(np.float32))
            expected = model.network(table[None])[0].numpy()
        np.testing.assert_allclose(found.logits, expected, atol=1e-4)

    def test_matches_of_a_file_may_lack_what_it_needs(self):
        given = from_pairs(np.random.default_rng(0).random((20, 2)) * 100, np.ones((20, 2)))
        with pytest.raises(ConfigError, match="ratio and the mutual flag"):
            Matcher(random_model(6)).judge(given)
        assert Matcher(random_model(4)).judge(given).logits.shape == (20,)

    def test_no_matches_are_no_error(self):
        given = from_pairs(np.empty((0, 2)), np.empty((0, 2)))
        found = Matcher(random_model()).judge(given)
        assert found.status == "few"

    def test_values_that_are_not_finite_are_told(self):
        model = random_model()
        with torch.no_grad():
            model.network.tail.weight.fill_(torch.inf)
        with pytest.raises(ModelError, match="not finite"):
            match(SECOND, model)

    def test_the_callers_network_stays_where_it_is(self):
        model = random_model()
        assert Classifier(model)._network is not model.network

    def test_too_little_memory_is_told(self):
        model = random_model()

        def full(*_):
            raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")

        model.network.forward = full
        with pytest.raises(DeviceError, match="not enough memory"):
            match(SECOND, model)

    def test_a_device_that_lacks_an_operation_gives_way_to_the_cpu(self):
        model = random_model()
        judge = Classifier(model, device="cpu")
        network = judge._network.forward

        def lacking(columns):
            if judge._device.type != "cpu":
                raise NotImplementedError("The operator is not implemented for the MPS device.")
            return network(columns)

        judge._network.forward = lacking
        _, _, first, second = scene(count=60)
        given, chosen = from_pairs(first, second), np.ones(60, bool)
        expected = judge.logits(given, chosen, None)
        judge._device = torch.device("meta")
        with pytest.warns(N3Warning, match="meta lacks an operation .*; computing on the CPU"):
            found = judge.logits(given, chosen, None)
        np.testing.assert_array_equal(found, expected)

    def test_a_model_of_another_task_is_refused(self):
        with pytest.raises(ModelError, match="denoise"):
            Classifier("denoise-n3unet-gray")


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    """Makes models the bundled ones, by their inputs."""

    def make(**inputs):
        folders = {}
        for name, count in inputs.items():
            model = random_model(count)
            folders[f"match-{name}"] = tmp_path / f"match-{name}"
            config = dataclasses.replace(model.config, name=f"match-{name}")
            save_folder(folders[f"match-{name}"], config, model.network, "")
        for module in (classifier, locate):
            monkeypatch.setattr(module, "bundled", lambda: folders)

    return make


class TestDefault:
    def given(self):
        return from_pairs(np.random.default_rng(0).random((20, 2)) * 100, np.ones((20, 2)))

    def test_without_a_bundled_model_it_is_none(self, bundle):
        bundle()
        assert Matcher().model == "none"

    def test_it_is_the_bundled_one(self, bundle):
        bundle(**{"n3cnet-flags": 6, "n3cnet": 4, "cnet": 4})
        assert Matcher().model == "match-n3cnet-flags"

    def test_without_sides_points_alone_are_judged(self, bundle):
        bundle(**{"n3cnet-flags": 6, "cnet": 4})
        found = Matcher().judge(self.given())
        assert found.facts["model"] == "match-cnet"
        right = 1 / (1 + np.exp(-found.logits.astype(float)))
        assert ((found.matches >= 0) == (right >= 0.25)).all()
        with pytest.raises(ConfigError, match="ratio and the mutual flag"):
            Matcher("match-n3cnet-flags").judge(self.given())

    def test_a_threshold_that_is_asked_for_holds_for_points_alone_too(self, bundle):
        bundle(**{"n3cnet-flags": 6, "cnet": 4})
        assert Matcher(threshold=0.0).judge(self.given()).kept == 20
        assert Matcher(threshold=1.0).judge(self.given()).kept == 0

    def test_without_sides_and_without_a_model_for_points_everything_is_kept_and_told(self, bundle):
        bundle(**{"n3cnet-flags": 6})
        with pytest.warns(N3Warning, match="needs the ratio and mutual flag of each match"):
            found = Matcher().judge(self.given())
        assert found.facts["model"] == "none"
        assert found.kept == 20

    def test_one_flag_alone_is_not_enough(self, bundle):
        bundle(**{"n3cnet-flags": 6, "cnet": 4})
        given = dataclasses.replace(self.given(), ratio=np.full(20, 0.5, np.float32))
        assert Matcher().judge(given).facts["model"] == "match-cnet"
        found = Matcher().match(features("first"), features("second"))
        assert found.facts["model"] == "match-n3cnet-flags"

    def test_what_comes_with_n3_judges_any_matches(self):
        rng = np.random.default_rng(0)
        points = rng.random((40, 2)) * 100
        given = from_pairs(points, points + 3 + rng.normal(0, 0.1, (40, 2)))
        found = Matcher(estimator="none", threshold=0.25).judge(given)
        assert found.putative == 40
        assert found.facts["model"] == "match-cnet"


@pytest.mark.parametrize(
    "how",
    [
        {"K0": K},
        {"K": np.zeros((3, 3))},
        {"K": np.eye(4)},
        {"K": np.full((3, 3), np.nan)},
        {"ratio": 1.5},
        {"threshold": -0.1},
        {"pixel_threshold": 0},
        {"pixel_threshold": float("nan")},
        {"seed": -1},
        {"estimator": "usac"},
    ],
)
def test_settings_without_meaning_are_refused(how):
    with pytest.raises(ConfigError):
        n3cli.match(FIRST, SECOND, "none", **how)


@pytest.mark.parametrize("given", ["K.txt", [[1, 2], [3]], {"f": 1}])
def test_what_is_no_camera_matrix_is_told(given):
    with pytest.raises(ConfigError, match=r"3×3 numbers, got .*np\.loadtxt"):
        n3cli.match(FIRST, SECOND, "none", K=given)


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize("kind", [np.asmatrix, torch.tensor, np.ndarray.tolist])
def test_cameras_in_any_kind_of_numbers(kind):
    found = n3cli.match(FIRST, FIRST, "none", K=kind(K), max_keypoints=100)
    np.testing.assert_array_equal(found.K0, K)


def test_pictures_that_are_none_are_refused():
    with pytest.raises(InputError, match="not finite"):
        n3cli.match(np.full((50, 50), np.nan), SECOND, "none")
    with pytest.raises(InputError, match="shape"):
        n3cli.match(np.zeros((5, 5, 4), np.uint8), SECOND, "none")


def test_real_views(shared):
    folder = shared / "match" / "Herz-Jesus-P8"
    if not folder.is_dir():
        pytest.skip("needs Herz-Jesus-P8")
    images, poses = [], []
    for name in ("0000.jpg", "0001.jpg"):
        numbers = np.array((folder / f"{name}.camera").read_text().split(), float)
        camera = numbers[:9].reshape(3, 3) * [[0.5], [0.5], [1]]
        turn = numbers[12:21].reshape(3, 3).T
        poses.append((turn, -turn @ numbers[21:24]))
        images.append(cv2.cvtColor(cv2.imread(str(folder / name)), cv2.COLOR_BGR2RGB))
    found = n3cli.match(*images, "none", K=camera)
    rotation = poses[1][0] @ poses[0][0].T
    translation = poses[1][1] - rotation @ poses[0][1]
    assert rotation_error(found.R, rotation) < 0.2
    assert translation_error(found.t, translation) < 0.5
    assert found.t @ translation > 0
