"""Databases of COLMAP: what pycolmap reads of ours, what is taken from others', what is refused."""

import dataclasses
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

pycolmap = pytest.importorskip("pycolmap")

from n3cli.errors import InputError  # noqa: E402
from n3cli.inference.match.matcher import Matcher  # noqa: E402
from n3cli.io.match.colmap import write_geometry  # noqa: E402
from n3cli.io.match.colmap_database import revise_database  # noqa: E402
from n3cli.io.match.colmap_store import create_database  # noqa: E402
from n3cli.io.match.matches import from_pairs  # noqa: E402
from n3cli.jobs.match_database import database_target, match_database  # noqa: E402
from n3cli.ops.two_view.camera import Camera  # noqa: E402
from n3cli.ops.two_view.pose import rotation_error, translation_error  # noqa: E402
from tests.reference.two_pictures import K  # noqa: E402
from tests.reference.two_views import scene  # noqa: E402

ROTATION, TRANSLATION, X0, X1 = scene(1, count=120)
RIGHT, WRONG = 120, 60
SIZE = (2000, 2000)
POINTS = [each * 700 + 999.5 for each in (X0, X1)]
MATRIX = np.array([[700.0, 0, 999.5], [0, 700, 999.5], [0, 0, 1]])
CAMERAS = Camera(MATRIX), Camera(MATRIX)


def putative(**more):
    rng = np.random.default_rng(0)
    wrong = rng.uniform(0, 2000, (2, WRONG, 2))
    points = [np.concatenate(pair) for pair in zip(POINTS, wrong, strict=True)]
    return from_pairs(*points, size0=SIZE, size1=SIZE, **more)


def write(path: Path, cameras=CAMERAS, judged=False) -> Path:
    matches = putative()
    if judged:
        matches = Matcher("none").judge(matches, cameras)
    with create_database(path) as store:
        store.add("a.jpg", "in/b.jpg", matches, cameras)
    return path


def opened(path: Path):
    return pycolmap.Database.open(path)


class TestStore:
    def test_pycolmap_reads_it(self, tmp_path):
        with opened(write(tmp_path / "a.db", judged=True)) as database:
            first, second = database.read_all_images()
            assert (first.name, second.name) == ("a.jpg", "in/b.jpg")
            (camera,) = database.read_all_cameras()  # equal ones are one
            assert camera.model_name == "PINHOLE"
            assert camera.params.tolist() == [700, 700, 1000, 1000]  # half a pixel
            assert camera.has_prior_focal_length
            points = database.read_keypoints(first.image_id)
            np.testing.assert_allclose(points[:RIGHT, :2], POINTS[0] + 0.5, atol=1e-3)
            assert len(database.read_matches(1, 2)) == RIGHT + WRONG
            geometry = database.read_two_view_geometry(1, 2)
            assert geometry.config == pycolmap.TwoViewGeometryConfiguration.CALIBRATED
            inliers = geometry.inlier_matches
            assert RIGHT <= len(inliers) < RIGHT + 10
            assert set(range(RIGHT)) <= set(inliers[:, 0].tolist())
            assert len(database.read_all_frames()) == 2

    def test_the_points_are_theirs(self, tmp_path):
        with opened(write(tmp_path / "a.db")) as database:
            (camera,) = database.read_all_cameras()
            found = camera.cam_from_img(database.read_keypoints(1)[:RIGHT, :2].astype(float))
            np.testing.assert_allclose(found, X0, atol=1e-5)

    def test_what_is_not_known_is_left_to_colmap(self, tmp_path):
        with opened(write(tmp_path / "a.db", cameras=(None, None))) as database:
            (camera,) = database.read_all_cameras()
            assert not camera.has_prior_focal_length
            assert camera.focal_length == 1.2 * 2000

    def test_distortion_goes_along(self, tmp_path):
        bent = Camera(MATRIX, (-0.1, 0.01, 1e-3, 2e-3))
        with opened(write(tmp_path / "a.db", cameras=(bent, Camera(K)))) as database:
            first, second = database.read_all_cameras()
            assert first.model_name == "OPENCV"
            assert first.params.tolist()[4:] == [-0.1, 0.01, 1e-3, 2e-3]
            assert second.model_name == "PINHOLE"

    @pytest.mark.parametrize("flat", [False, True])
    def test_matrices_are_for_its_own_coordinates(self, tmp_path, flat):
        points = [each * 70 + 99.5 for each in scene(1, count=120, flat=flat)[2:]]
        found = Matcher("none").judge(from_pairs(*points, size0=(200, 200), size1=(200, 200)))
        with create_database(tmp_path / "a.db") as store:
            store.add("a.jpg", "b.jpg", found)
        with opened(tmp_path / "a.db") as database:
            geometry = database.read_two_view_geometry(1, 2)
            first, second = (
                np.column_stack([database.read_keypoints(each)[:, :2], np.ones(120)])
                for each in (1, 2)
            )
        kinds = pycolmap.TwoViewGeometryConfiguration
        assert geometry.config == (kinds.PLANAR_OR_PANORAMIC if flat else kinds.UNCALIBRATED)
        if flat:
            moved = first @ geometry.H.T
            apart = np.linalg.norm(moved[:, :2] / moved[:, 2:] - second[:, :2], axis=1)
        else:
            lines = first @ geometry.F.T
            apart = np.abs((second * lines).sum(1)) / np.linalg.norm(lines[:, :2], axis=1)
        assert np.median(apart) < 0.01

    def test_other_keypoints_of_the_same_picture_are_refused(self, tmp_path):
        def work():
            with create_database(tmp_path / "a.db") as store:
                store.add("a.jpg", "b.jpg", putative())
                store.add(
                    "a.jpg", "c.jpg", from_pairs(POINTS[1], POINTS[0], size0=SIZE, size1=SIZE)
                )

        with pytest.raises(InputError, match="other keypoints"):
            work()
        assert list(tmp_path.iterdir()) == []  # and an error leaves nothing

    def test_a_pair_twice_is_refused(self, tmp_path):
        with create_database(tmp_path / "a.db") as store:
            store.add("a.jpg", "b.jpg", putative())
            assert store.has("a.jpg", "b.jpg")
            assert store.has("b.jpg", "a.jpg")
            assert not store.has("a.jpg", "c.jpg")
            with pytest.raises(InputError, match="already has this pair"):
                store.add("b.jpg", "a.jpg", putative())
            with pytest.raises(InputError, match="paired with itself"):
                store.add("a.jpg", "a.jpg", putative())

    def test_a_size_is_needed(self, tmp_path):
        with create_database(tmp_path / "a.db") as store, pytest.raises(InputError, match="size"):
            store.add("a.jpg", "b.jpg", from_pairs(*POINTS))


class TestRevision:
    def judge(self, source, target, **how):
        return list(match_database(source, target, Matcher("none", **how)))

    def test_pairs_are_judged_and_written(self, tmp_path):
        source = write(tmp_path / "in.db")
        before = source.read_bytes()
        (row,) = self.judge(source, tmp_path / "out.db")
        assert source.read_bytes() == before
        assert (row.name0, row.name1, row.status) == ("a.jpg", "in/b.jpg", "ok")
        assert row.cameras == ("the database", "the database")
        np.testing.assert_array_equal(row.matches.K0, MATRIX)
        np.testing.assert_array_equal(row.matches.K1, MATRIX)
        assert rotation_error(row.matches.R, ROTATION) < 0.01
        with opened(tmp_path / "out.db") as database:
            geometry = database.read_two_view_geometry(1, 2)
            pose = geometry.cam2_from_cam1
            assert rotation_error(pose.rotation.matrix(), ROTATION) < 0.01
            assert translation_error(pose.translation, TRANSLATION) < 0.01
            assert RIGHT <= len(geometry.inlier_matches) < RIGHT + 10
            assert len(database.read_matches(1, 2)) == RIGHT + WRONG

    def test_distortion_is_taken_off_by_colmaps_own_models(self, tmp_path):
        bend = (-0.2, 0.0, 0.0, 0.0)
        bent = [each * (1 + bend[0] * (each**2).sum(1, keepdims=True)) for each in (X0, X1)]
        camera = Camera(MATRIX, bend)
        with create_database(tmp_path / "in.db") as store:
            store.add("a.jpg", "b.jpg", from_pairs(*(each * 700 + 999.5 for each in bent),
                      size0=SIZE, size1=SIZE), (camera, camera))  # fmt: skip
        (row,) = self.judge(tmp_path / "in.db", tmp_path / "out.db")
        assert rotation_error(row.matches.R, ROTATION) < 0.01
        assert row.matches.agreeing == RIGHT

    def test_a_fisheye_has_no_matrix(self, tmp_path):
        source = write(tmp_path / "in.db")
        with opened(source) as database:
            (camera,) = database.read_all_cameras()
            fisheye = pycolmap.Camera(
                model="OPENCV_FISHEYE", width=SIZE[0], height=SIZE[1],
                params=[*camera.params, 0, 0, 0, 0], has_prior_focal_length=True,
                camera_id=camera.camera_id,
            )  # fmt: skip
            database.update_camera(fisheye)
        (row,) = self.judge(source, tmp_path / "out.db")
        assert row.matches.K0 is row.matches.K1 is None
        assert row.cameras == ("the database", "the database")

    def test_a_guessed_focal_length_is_not_used(self, tmp_path):
        source = write(tmp_path / "in.db", cameras=(None, None))
        (row,) = self.judge(source, tmp_path / "out.db")
        assert row.cameras == (None, None)
        assert row.matches.K0 is None
        assert row.matches.E is None
        assert row.matches.F is not None
        with opened(tmp_path / "out.db") as database:
            geometry = database.read_two_view_geometry(1, 2)
            assert geometry.config == pycolmap.TwoViewGeometryConfiguration.UNCALIBRATED
            keypoints = [database.read_keypoints(each)[:, :2] for each in (1, 2)]
            index = geometry.inlier_matches
            first, second = (
                np.column_stack([points[column], np.ones(len(index))])
                for points, column in zip(keypoints, index.T, strict=True)
            )
            lines = first @ geometry.F.T
            apart = np.abs((second * lines).sum(1)) / np.linalg.norm(lines[:, :2], axis=1)
            assert np.median(apart) < 1  # F is for the database's own coordinates

    def test_old_geometries_go(self, tmp_path):
        source = write(tmp_path / "in.db", judged=True)
        self.judge(source, tmp_path / "out.db", estimator="none")
        with opened(tmp_path / "out.db") as database:
            assert database.num_verified_image_pairs() == 0

    def test_descriptors_tell_ratio_and_mutual_flag(self, tmp_path):
        source = write(tmp_path / "in.db")
        rng = np.random.default_rng(0)
        descriptors = rng.integers(0, 256, (RIGHT + WRONG, 128), np.uint8)
        with opened(source) as database:
            for image in (1, 2):
                database.write_descriptors(
                    image,
                    pycolmap.FeatureDescriptors(
                        data=descriptors, type=pycolmap.FeatureExtractorType.SIFT
                    ),
                )
        with revise_database(source, tmp_path / "out.db") as database:
            (pair,) = database.pairs(descriptors=True)
            assert pair.descriptors[0].shape == (RIGHT + WRONG, 128)
        (row,) = self.judge(source, tmp_path / "more.db")
        assert row.matches.mutual.all()
        assert (row.matches.ratio == 0).all()

    def test_an_error_leaves_no_target(self, tmp_path):
        source = write(tmp_path / "in.db")
        rows = match_database(source, tmp_path / "out.db", Matcher("none"))
        next(rows)
        rows.close()
        assert not (tmp_path / "out.db").exists()


class TestDamage:
    @pytest.mark.parametrize(
        ("statement", "words"),
        [
            ("DROP TABLE two_view_geometries", "no table two_view_geometries"),
            ("UPDATE keypoints SET data = x'00'", "other sizes"),
            ("UPDATE keypoints SET rows = 9", "other sizes"),
            ("UPDATE matches SET data = NULL", "other sizes"),
        ],
    )
    def test_what_colmap_would_trust_is_checked(self, tmp_path, statement, words):
        source = write(tmp_path / "in.db")
        with sqlite3.connect(source) as database:
            database.execute(statement)
        database.close()
        with pytest.raises(InputError, match=words):
            list(match_database(source, tmp_path / "out.db", Matcher("none")))
        assert not (tmp_path / "out.db").exists()

    @pytest.mark.parametrize(
        ("statement", "words"),
        [
            ("DELETE FROM images WHERE image_id = 2", "does not list"),
            (
                "UPDATE keypoints SET rows = 1, data = substr(data, 1, cols * 4)",
                "missing keypoints",
            ),
        ],
    )
    def test_a_pair_that_points_nowhere_fails_alone(self, tmp_path, statement, words):
        source = write(tmp_path / "in.db")
        with sqlite3.connect(source) as database:
            database.execute("PRAGMA foreign_keys = OFF")
            database.execute(statement)
        database.close()
        (row,) = match_database(source, tmp_path / "out.db", Matcher("none"))
        assert row.status == "failed"
        assert words in str(row.error)

    @pytest.mark.parametrize("contents", [b"", b"no database at all" * 100])
    def test_what_is_none_is_told(self, tmp_path, contents):
        (tmp_path / "in.db").write_bytes(contents)
        with pytest.raises(InputError, match=r"in\.db"):
            list(match_database(tmp_path / "in.db", tmp_path / "out.db", Matcher("none")))
        with pytest.raises(InputError, match="No such file"):
            list(match_database(tmp_path / "no.db", tmp_path / "out.db", Matcher("none")))
        assert not (tmp_path / "no.db").exists()

    def test_the_source_is_never_the_target(self, tmp_path):
        source = write(tmp_path / "in.db")
        with pytest.raises(InputError, match="is the input"):
            database_target(source, str(source), overwrite=True)
        assert database_target(source, None, overwrite=False).name == "in_n3.db"
        shutil.copy(source, tmp_path / "in_n3.db")
        with pytest.raises(InputError, match="-y"):
            database_target(source, None, overwrite=False)


class TestJournals:
    """What SQLite left beside a target must not be replayed into the new file."""

    def other(self, path: Path) -> sqlite3.Connection:
        database = sqlite3.connect(path)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE other (value)")
        database.execute("INSERT INTO other VALUES (1)")
        database.commit()
        return database

    def test_a_database_that_is_open_is_not_replaced(self, tmp_path):
        source, target = write(tmp_path / "in.db"), tmp_path / "out.db"
        database = self.other(target)
        with pytest.raises(InputError, match=r"out\.db-wal is beside it"):
            list(match_database(source, target, Matcher("none"), overwrite=True))
        with pytest.raises(InputError, match=r"out\.db-wal is beside it"):
            write(target)
        assert database.execute("SELECT value FROM other").fetchall() == [(1,)]
        database.close()

    @pytest.mark.parametrize("ending", ["-wal", "-journal"])
    def test_a_journal_without_its_database_is_told(self, tmp_path, ending):
        (tmp_path / f"out.db{ending}").write_bytes(b"what a crash left")
        with pytest.raises(InputError, match=f"out.db{ending}"):
            write(tmp_path / "out.db")
        assert not (tmp_path / "out.db").exists()

    def test_empty_ones_go(self, tmp_path):
        for ending in ("-wal", "-shm", "-journal"):
            (tmp_path / f"out.db{ending}").touch()
        with closing(sqlite3.connect(write(tmp_path / "out.db"))) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert [file.name for file in tmp_path.iterdir()] == ["out.db"]


@pytest.mark.parametrize("beside", [None, np.diag([0.6, 0.0, 0.8])])
def test_a_plane_is_written_with_the_matrix_that_is_known_beside_it(beside):
    given = from_pairs(np.ones((3, 2)), np.ones((3, 2)))
    found = dataclasses.replace(given, status="homography", H=np.eye(3) / 3**0.5, F=beside)
    written = Mock()
    write_geometry(written, (1, 2), found, np.zeros((3, 2), np.uint32))
    *ids, geometry = written.write_two_view_geometry.call_args.args
    assert ids == [1, 2]
    assert geometry.config == pycolmap.TwoViewGeometryConfiguration.PLANAR_OR_PANORAMIC
    np.testing.assert_allclose(geometry.H, found.H)
    if beside is None:
        assert geometry.F is None
    else:
        np.testing.assert_allclose(geometry.F, beside)
