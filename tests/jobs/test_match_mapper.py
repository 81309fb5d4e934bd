"""COLMAP's mapper on what `n3 match` writes: lund-door, with Exif's focal length."""

import pytest

pycolmap = pytest.importorskip("pycolmap")

from n3cli.inference.match.matcher import Matcher  # noqa: E402
from n3cli.jobs.camera import Cameras  # noqa: E402
from n3cli.jobs.match import match_pairs  # noqa: E402
from n3cli.jobs.match_database import match_database  # noqa: E402
from n3cli.jobs.match_output import open_output  # noqa: E402
from n3cli.jobs.pair import find_pairs  # noqa: E402

TRUE_FOCAL = 2435.38


@pytest.fixture(scope="module")
def images(shared):
    folder = shared / "match" / "lund-door" / "images"
    if not folder.is_dir():
        pytest.skip("needs lund-door")
    return folder


def reconstruct(database, images, folder):
    folder.mkdir()
    options = pycolmap.IncrementalPipelineOptions()
    options.num_threads = 1
    models = pycolmap.incremental_mapping(database, images, folder, options)
    return max(models.values(), key=lambda model: model.num_reg_images())


@pytest.mark.slow
def test_the_mapper_registers_every_picture(images, tmp_path):
    matcher = Matcher("none")
    pairs, _ = find_pairs([str(images)], None, recursive=False)
    with open_output(len(pairs), str(tmp_path / "new.db"), None) as output:
        rows = list(match_pairs(pairs, matcher, Cameras(), output))
    assert len(rows) == 66
    assert all(row.cameras == ("Exif", "Exif") for row in rows)
    model = reconstruct(tmp_path / "new.db", images, tmp_path / "new")
    assert model.num_reg_images() == 12
    (camera,) = model.cameras.values()
    assert camera.focal_length == pytest.approx(TRUE_FOCAL, rel=0.01)


@pytest.mark.slow
def test_as_many_as_with_colmaps_own_verification(images, tmp_path):
    extraction = pycolmap.FeatureExtractionOptions()
    extraction.use_gpu, extraction.num_threads, extraction.max_image_size = False, 1, 800
    extraction.sift.max_num_features = 1000
    matching = pycolmap.FeatureMatchingOptions()
    matching.use_gpu, matching.num_threads = False, 1
    source = tmp_path / "in.db"
    pycolmap.extract_features(
        source, images, camera_mode=pycolmap.CameraMode.SINGLE, extraction_options=extraction
    )
    pycolmap.match_exhaustive(source, matching_options=matching)
    rows = list(match_database(source, tmp_path / "out.db", Matcher()))
    assert all(row.status in ("ok", "chance", "few") for row in rows)
    own = reconstruct(source, images, tmp_path / "own")
    ours = reconstruct(tmp_path / "out.db", images, tmp_path / "ours")
    assert ours.num_reg_images() >= own.num_reg_images() == 12
