"""Keypoints of a batch: found once a picture, and forgotten when there are too many."""

import numpy as np
import pytest

from n3cli.errors import InputError
from n3cli.io.picture import Picture, write_picture
from n3cli.jobs.feature_store import FeatureStore, look
from n3cli.ops.two_view.feature import Features


@pytest.fixture
def paths(tmp_path):
    made = [tmp_path / f"{name}.png" for name in "abc"]
    for width, path in enumerate(made, 10):
        write_picture(path, Picture(np.zeros((8, width, 1), np.uint8)))
    return made


def store(memory, found):
    def find(source):
        found.append(source.width)
        return Features(np.zeros((1, 2), np.float32), np.zeros((1, 92), np.uint8), (0, 0))

    return FeatureStore(find, memory)  # a picture's takes 100 bytes


def test_each_picture_is_looked_at_once(paths):
    found = []
    features = store(1000, found)
    for path in (*paths, *paths):
        features.features(path)
    assert found == [10, 11, 12]


def test_the_one_that_was_not_asked_for_longest_goes(paths):
    found = []
    features = store(200, found)
    for place in (0, 1, 0, 2, 0, 1):
        features.features(paths[place])
    assert found == [10, 11, 12, 11]


def test_one_is_kept_however_little_memory_there_is(paths):
    found = []
    features = store(1, found)
    assert features.features(paths[0]) is features.features(paths[0])
    assert found == [10]


def test_sizes_are_known(paths, tmp_path):
    assert store(1000, []).features(paths[1]).size == (11, 8)
    assert look(paths[2]).size == (12, 8)
    assert look(tmp_path / "missing.png").size is None
    with pytest.raises(InputError, match="missing"):
        store(1000, []).features(tmp_path / "missing.png")
