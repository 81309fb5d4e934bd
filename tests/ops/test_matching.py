"""Block matching, sums over neighbours and mirrored borders against the obvious ways."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from n3cli.ops.matching import match_patches
from n3cli.ops.n3.link import collect, link_pixels, spread
from n3cli.ops.padding import fold_mirrored, mirror


def brute_force(image: np.ndarray, patch: int, window: int, k: int, places: np.ndarray):
    """Distances of the k nearest patches, and of those at the places that were chosen: K×H×W."""
    height, width = image.shape
    margin, half = patch // 2, window // 2
    padded = np.pad(image.astype(np.float64), margin, mode="symmetric")
    nearest, chosen = np.zeros((2, k, height, width))
    for row, column in np.ndindex(height, width):
        here = padded[row : row + patch, column : column + patch]

        def distance(r: int, c: int, here: np.ndarray = here) -> float:
            return ((here - padded[r : r + patch, c : c + patch]) ** 2).sum()

        found = sorted(
            distance(r, c)
            for r in range(max(0, row - half), min(height, row + half + 1))
            for c in range(max(0, column - half), min(width, column + half + 1))
        )[:k]
        nearest[: len(found), row, column] = found
        pixels = [
            (row + place // window - half, column + place % window - half)
            for place in places[:, row, column]
        ]
        assert pixels[0] == (row, column)
        assert len(set(pixels)) == len(found)  # the pixel itself stands in for the rest
        chosen[:, row, column] = [distance(*pixel) for pixel in pixels]
    return nearest, chosen


@pytest.mark.parametrize(
    ("size", "patch", "window", "k"),
    [
        ((9, 13), 3, 5, 4),
        ((20, 7), 5, 9, 8),
        ((3, 2), 3, 31, 8),
        ((1, 1), 7, 5, 3),
        ((6, 6), 1, 1, 2),
    ],
)
def test_patches_are_matched_as_by_brute_force(size, patch, window, k, monkeypatch):
    monkeypatch.setattr("n3cli.ops.matching._DISTANCES_AT_ONCE", 4 * window**2 * size[1] * 2)
    images = np.random.default_rng(4).random((2, *size)).astype(np.float32)
    places = match_patches(torch.from_numpy(images), patch, window, k)
    for image, found in zip(images, places.numpy(), strict=True):
        nearest, chosen = brute_force(image, patch, window, k, found)
        np.testing.assert_allclose(chosen, nearest, atol=1e-6)


def test_the_nearest_of_equal_patches_is_the_pixel_itself():
    places = match_patches(torch.ones(1, 12, 12), 3, 5, 4)
    assert (places[:, 0] == 12).all()
    assert places.sort(1).values.diff(dim=1).all()  # four different ones


def test_a_part_of_an_image_chooses_what_the_image_chooses():
    image = torch.rand(1, 40, 50).mul(4).round()  # many ties
    whole = match_patches(image, 5, 7, 6)
    part = match_patches(image[:, 8:35, 9:44], 5, 7, 6)
    halo = 3 + 2
    inner = slice(halo, -halo)
    assert torch.equal(part[..., inner, inner], whole[..., 8:35, 9:44][..., inner, inner])


def random_links():
    torch.manual_seed(2)
    return link_pixels(torch.randint(0, 25, (2, 3, 4, 5)), 5), 2 * 4 * 5


def test_links_point_where_the_places_say():
    places = torch.full((1, 1, 3, 4), 12.0)
    places[0, 0, 1, 1] = 5 * 1 + 3  # one up, one to the right
    places[0, 0, 0, 0] = 0  # outside
    links = link_pixels(places, 5)
    expected = torch.arange(12)
    expected[1 * 4 + 1] = 0 * 4 + 2
    assert torch.equal(links.target[:, 0], expected)


def test_sums_over_links_are_those_of_a_matrix():
    links, count = random_links()
    weights, rows = torch.rand(3).double(), torch.rand(count, 6).double()
    matrix = torch.zeros(count, count).double()
    for n in range(count):
        for k in range(3):
            matrix[n, links.target[n, k]] += weights[k]
    torch.testing.assert_close(collect(rows, weights, links), matrix @ rows)
    torch.testing.assert_close(spread(rows, weights, links), matrix.T @ rows)


@pytest.mark.parametrize("sum_up", [collect, spread])
def test_gradients_of_sums_over_links(sum_up):
    links, count = random_links()
    rows = torch.rand(count, 2, dtype=torch.float64, requires_grad=True)
    weights = torch.rand(3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda r, w: sum_up(r, w, links), (rows, weights))


@pytest.mark.parametrize("length", [1, 2, 3, 9])
def test_borders_are_mirrored_and_folded_back(length):
    image = torch.rand(2, length, 3).double()
    wide = mirror(image, 4)
    expected = np.pad(image.numpy(), ((0, 0), (4, 4), (4, 4)), mode="symmetric")
    np.testing.assert_array_equal(wide, expected)
    other = torch.rand_like(wide)
    torch.testing.assert_close((wide * other).sum(), (image * fold_mirrored(other, 4)).sum())
