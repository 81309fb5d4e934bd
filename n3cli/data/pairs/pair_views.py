"""Putative correspondences of photos whose cameras are known."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from n3cli.data.pairs.made import Made
from n3cli.data.pairs.pair import Pair
from n3cli.data.pairs.view import View, relative_pose
from n3cli.io.reader import open_picture
from n3cli.ops.two_view.camera import normalise
from n3cli.ops.two_view.feature import Features, find_features
from n3cli.ops.two_view.putative import match_nearest


def match_views(pairs: Sequence[tuple[View, View]]) -> Sequence[Pair]:
    """Putative correspondences of photos: SIFT, each keypoint's nearest in the other photo.

    Args:
        pairs: of views; what was found in a photo is kept for its other pairs.

    Returns:
        Pairs that are matched when they are asked for, in the order given. That raises InputError
        where a photo cannot be read, and ConfigError where OpenCV cannot be loaded.
    """
    features = cache(_features)

    def match(views: tuple[View, View]) -> Pair:
        first, second = views
        one, other = features(first.path), features(second.path)
        found = match_nearest(one.descriptors, other.descriptors)
        kept = found.index >= 0
        points = [
            normalise(first.camera, one.keypoints[kept].astype(np.float64)),
            normalise(second.camera, other.keypoints[found.index[kept]].astype(np.float64)),
        ]
        table = np.hstack(points).astype(np.float32)
        seen = np.isfinite(table).all(1)  # by the lens models of both
        return Pair(
            f"{first.path.stem} {second.path.stem}",
            table[seen],
            *relative_pose(first, second),
            found.ratio[kept][seen],
            found.mutual[kept][seen],
            views,
        )

    return Made(match, pairs)


def _features(path: Path) -> Features:
    with open_picture(path) as reader:
        return find_features(reader)
