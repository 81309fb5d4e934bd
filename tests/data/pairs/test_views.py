"""Photos with cameras: what folders of them say, and that it is true of them."""

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from n3cli.data.pairs.colmap_model import read_colmap
from n3cli.data.pairs.strecha import read_strecha
from n3cli.data.pairs.view import View, relative_pose
from n3cli.data.pairs.yi_views import read_yi
from n3cli.errors import DataError
from n3cli.io.match.camera_file import COLMAP_MODELS
from n3cli.io.picture import Picture, write_picture
from n3cli.ops.two_view.camera import Camera, normalise, project
from n3cli.ops.two_view.label import label_right

SHARED = Path(__file__).parents[4] / "shared" / "match"
needs_views = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/match is not here")


def shared_views(name):
    folder = SHARED / name
    return read_strecha(folder) if name.startswith("Herz") else read_colmap(folder)


def sift_matches(one, other):
    """Pixels of matches that pass a strict ratio test."""
    sift = cv2.SIFT_create(1500)
    found = [
        sift.detectAndCompute(cv2.imread(str(view.path), cv2.IMREAD_GRAYSCALE), None)
        for view in (one, other)
    ]
    (k0, d0), (k1, d1) = found
    pairs = cv2.BFMatcher().knnMatch(d0, d1, k=2)
    good = [first for first, second in pairs if first.distance < 0.6 * second.distance]
    return (
        np.array([k0[match.queryIdx].pt for match in good]),
        np.array([k1[match.trainIdx].pt for match in good]),
    )


@needs_views
@pytest.mark.parametrize(("name", "count"), [("Herz-Jesus-P8", 8), ("lund-door", 12)])
def test_cameras_of_real_photos_agree_with_what_is_in_them(name, count):
    views = shared_views(name)
    assert len(views) == count
    assert all(view.path.is_file() for view in views)
    one, other = views[2], views[3]
    pixels = sift_matches(one, other)
    points = np.hstack([normalise(one.camera, pixels[0]), normalise(other.camera, pixels[1])])
    assert label_right(points, *relative_pose(one, other)).mean() > 0.9


def test_a_relative_pose_takes_points_of_one_camera_to_the_other():
    rng = np.random.default_rng(1)
    views = [
        View(Path("x"), Camera(np.eye(3)), cv2.Rodrigues(rng.normal(size=3))[0], rng.normal(size=3))
        for _ in range(2)
    ]
    world = rng.normal(size=(20, 3))
    first, second = (world @ view.rotation.T + view.translation for view in views)
    rotation, translation = relative_pose(*views)
    difference = second - first @ rotation.T
    length = np.linalg.norm(difference[0])
    np.testing.assert_allclose(difference, np.tile(length * translation, (20, 1)), atol=1e-12)
    np.testing.assert_array_equal(relative_pose(views[0], views[0])[1], 0)


def picture(path, width=40, height=30):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_picture(path, Picture(np.zeros((height, width, 1), np.uint8)))


def test_a_smaller_photo_takes_its_camera_along(tmp_path):
    picture(tmp_path / "a.png")
    rotation = cv2.Rodrigues(np.array([0.1, 0.2, 0.3]))[0]
    centre = np.array([1.0, 2, 3])
    numbers = [80, 0, 40, 0, 80, 30, 0, 0, 1, 0, 0, 0, *rotation.T.ravel(), *centre, 80, 60]
    (tmp_path / "a.png.camera").write_text(" ".join(map(str, numbers)))
    (view,) = read_strecha(tmp_path)
    np.testing.assert_allclose(view.camera.matrix, [[40, 0, 20], [0, 40, 15], [0, 0, 1]])
    np.testing.assert_allclose(view.rotation @ centre + view.translation, 0, atol=1e-12)
    np.testing.assert_allclose(view.rotation, rotation)


@pytest.mark.parametrize("text", ["", "1 2 3", "a b", " ".join(["nan"] * 26), " ".join(["0"] * 26)])
def test_a_damaged_camera_is_told(tmp_path, text):
    picture(tmp_path / "a.png")
    (tmp_path / "a.png.camera").write_text(text)
    with pytest.raises(DataError, match=r"a\.png\.camera: is not a \.camera file"):
        read_strecha(tmp_path)


def test_folders_without_cameras(tmp_path):
    with pytest.raises(DataError, match=r"no \.camera files"):
        read_strecha(tmp_path)
    with pytest.raises(DataError, match="no COLMAP model"):
        read_colmap(tmp_path)
    (tmp_path / "a.png.camera").write_text(" ".join(["1"] * 26))
    with pytest.raises(DataError, match="a photo that cannot be read"):
        read_strecha(tmp_path)


CAMERAS = [
    ("SIMPLE_PINHOLE", [100, 20.5, 15.5]),
    ("PINHOLE", [100, 90, 20.5, 15.5]),
    ("SIMPLE_RADIAL", [100, 20.5, 15.5, -0.1]),
    ("RADIAL", [100, 20.5, 15.5, -0.1, 0.01]),
    ("OPENCV", [100, 90, 20.5, 15.5, -0.1, 0.01, 0.001, 0.002]),
]
POSES = [[1, 0, 0, 0, 1, 2, 3], [0.5, 0.5, -0.5, 0.5, 0, 0, 1]]


def write_text(folder, cameras=CAMERAS):
    lines = ["# a comment"]
    for number, (model, parameters) in enumerate(cameras):
        lines += [f"{number} {model} 40 30 {' '.join(map(str, parameters))}"]
    (folder / "cameras.txt").write_text("\n".join(lines) + "\n")
    lines = ["# a comment"]
    for number, pose in enumerate(POSES):
        lines += [f"{number} {' '.join(map(str, pose))} {number % 5} b {number}.png", "1 2 -1"]
    (folder / "images.txt").write_text("\n".join(lines) + "\n")


def write_binary(folder):
    parts = [struct.pack("<Q", len(CAMERAS))]
    kinds = list(COLMAP_MODELS)
    for number, (model, parameters) in enumerate(CAMERAS):
        parts.append(struct.pack("<iiQQ", number, kinds.index(model), 40, 30))
        parts.append(struct.pack(f"<{len(parameters)}d", *parameters))
    (folder / "cameras.bin").write_bytes(b"".join(parts))
    parts = [struct.pack("<Q", len(POSES))]
    for number, pose in enumerate(POSES):
        parts.append(struct.pack("<i7di", number, *pose, number % 5))
        parts.append(f"b {number}.png\0".encode() + struct.pack("<Q", 2))
        parts.append(struct.pack("<2dq", 1, 2, -1) * 2)
    (folder / "images.bin").write_bytes(b"".join(parts))


def test_text_and_binary_models_say_the_same(tmp_path):
    for name, write in (("t", write_text), ("b", write_binary)):
        (tmp_path / name / "sparse" / "0").mkdir(parents=True)
        (tmp_path / name / "images").mkdir()
        write(tmp_path / name / "sparse" / "0")
    for one, other in zip(*(read_colmap(tmp_path / name) for name in "tb"), strict=True):
        assert one.path.name == other.path.name
        assert one.path.parent.name == "images"
        assert one.camera.distortion == other.camera.distortion
        np.testing.assert_array_equal(one.camera.matrix, other.camera.matrix)
        for name in ("rotation", "translation"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    first, second = read_colmap(tmp_path / "t")
    np.testing.assert_array_equal(first.camera.matrix, [[100, 0, 20], [0, 100, 15], [0, 0, 1]])
    np.testing.assert_array_equal(first.rotation, np.eye(3))
    # A third of a turn about (1, −1, 1).
    np.testing.assert_allclose(second.rotation @ [1, -1, 1], [1, -1, 1], atol=1e-12)
    assert np.trace(second.rotation) == pytest.approx(0, abs=1e-12)


def test_what_pycolmap_writes_is_read(tmp_path):
    pycolmap = pytest.importorskip("pycolmap")
    model = pycolmap.Reconstruction()
    camera = pycolmap.Camera(camera_id=3, model="OPENCV", width=40, height=30, params=CAMERAS[4][1])
    model.add_camera_with_trivial_rig(camera)
    turned = pycolmap.Rigid3d(pycolmap.Rotation3d(np.array([0.5, -0.5, 0.5, 0.5])), [0, 0, 1])
    image = pycolmap.Image(name="a.png", camera_id=3, image_id=7)
    model.add_image_with_trivial_frame(image, turned)
    for write in (model.write_binary, model.write_text):
        write(tmp_path)
        (view,) = read_colmap(tmp_path)
        np.testing.assert_allclose(view.rotation, turned.rotation.matrix(), atol=1e-12)
        np.testing.assert_allclose(view.translation, [0, 0, 1], atol=1e-12)
        assert view.camera.distortion == (-0.1, 0.01, 0.001, 0.002)
        for file in tmp_path.glob("*.bin"):
            file.unlink()


def test_models_that_are_damaged_or_not_known(tmp_path):
    write_text(tmp_path, [("FISHEYE", [1, 2, 3]), *CAMERAS[1:]])
    with pytest.raises(DataError, match="the camera model is FISHEYE; known are SIMPLE_PINHOLE"):
        read_colmap(tmp_path)
    write_text(tmp_path, CAMERAS[:1])
    with pytest.raises(DataError, match="its camera 1 is not in"):
        read_colmap(tmp_path)
    for name in ("cameras", "images"):
        write_binary(tmp_path)
        data = (tmp_path / f"{name}.bin").read_bytes()
        for length in range(0, len(data), 7):
            (tmp_path / f"{name}.bin").write_bytes(data[:length])
            with pytest.raises(DataError, match=f"{name}.bin: is not a file of a COLMAP model"):
                read_colmap(tmp_path)


def write_yi(folder, count=3):
    h5py = pytest.importorskip("h5py")
    lists = {"images": [], "calibration": [], "visibility": []}
    shared = np.array([[0, 150, 20], [150, 0, 101], [20, 101, 0]])
    for number in range(count):
        names = (f"images/{number}.png", f"calibration/{number}.h5", f"visibility/{number}.txt")
        for values, name in zip(lists.values(), names, strict=True):
            values.append(name)
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
        picture(folder / names[0])
        with h5py.File(folder / names[1], "w") as file:
            file["K"] = np.array([[50.0, 0, 1], [0, 50, -2], [0, 0, 1]])
            file["R"] = np.eye(3)
            file["T"] = np.array([[0.0, 0, number]])
            file["imsize"] = np.array([[40, 30]])
        np.savetxt(folder / names[2], shared[number])
    for name, values in lists.items():
        (folder / f"{name}.txt").write_text("\n".join(values) + "\n")


def test_archives_of_yi(tmp_path):
    write_yi(tmp_path)
    found = read_yi(tmp_path)
    np.testing.assert_allclose(
        found.views[0].camera.matrix, [[50, 0, 20.5], [0, 50, 12.5], [0, 0, 1]]
    )
    np.testing.assert_array_equal(found.views[2].translation, [0, 0, 2])
    names = [(a.path.stem, b.path.stem) for a, b in found.pairs(100, 10, seed=0)]
    assert names == [("0", "1"), ("1", "2")]
    assert len(found.pairs(0, 2, seed=0)) == 2
    assert found.pairs(200, 10, seed=0) == []
    again = [found.pairs(0, 2, seed=5) for _ in range(2)]
    assert again[0] == again[1]


def test_damaged_archives_of_yi(tmp_path):
    write_yi(tmp_path)
    (tmp_path / "visibility/1.txt").write_text("1 2")
    with pytest.raises(DataError, match="visibility files are damaged"):
        read_yi(tmp_path)
    (tmp_path / "calibration/0.h5").write_bytes(b"no")
    with pytest.raises(DataError, match=r"0\.h5: is not an HDF5 file"):
        read_yi(tmp_path)
    (tmp_path / "images.txt").write_text("")
    with pytest.raises(DataError, match="lists have 0 photos"):
        read_yi(tmp_path)
    (tmp_path / "images.txt").unlink()
    with pytest.raises(DataError, match=r"images\.txt: cannot be read"):
        read_yi(tmp_path)


def test_projection_undoes_normalisation():
    matrix = np.array([[900.0, 2, 320], [0, 880, 240], [0, 0, 1]])
    pixels = np.random.default_rng(0).uniform(0, 600, (50, 2))
    for lens in ((0.0, 0, 0, 0), (-0.03, 0.01, 0.001, -0.002)):
        camera = Camera(matrix, lens)
        np.testing.assert_allclose(project(camera, normalise(camera, pixels)), pixels, atol=1e-6)
