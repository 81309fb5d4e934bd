"""Demosaicing against the paper's kernels, applied site by site."""

import numpy as np
import pytest
import torch

from n3cli.ops.mosaic.demosaic import Demosaicing
from n3cli.ops.mosaic.layout import BAYER, sites

CPU = torch.device("cpu")


def slow(mosaic, colours, colour, row, column, sharpness):
    """One colour at one inner site: the mean of the nearest, and the paper's gain times the
    Laplacian of the site's own colour."""
    own = colours[row, column]
    if own == colour:
        return mosaic[row, column]
    around = [(r, c) for r in (-1, 0, 1) for c in (-1, 0, 1) if (r, c) != (0, 0)]
    near = [(r, c) for r, c in around if colours[row + r, column + c] == colour]
    nearest = min(abs(r) + abs(c) for r, c in near)
    mean = np.mean([mosaic[row + r, column + c] for r, c in near if abs(r) + abs(c) == nearest])
    alike = [(0, 2), (0, -2), (2, 0), (-2, 0)]
    if own != 1:  # red and blue sites: alpha 1/2 for green, gamma 3/4 for the other
        mean_alike = np.mean([mosaic[row + r, column + c] for r, c in alike])
        return mean + sharpness * (0.5 if colour == 1 else 0.75) * (
            mosaic[row, column] - mean_alike
        )
    (step,) = {(abs(r), abs(c)) for r, c in near if abs(r) + abs(c) == 1}
    far = {(2, 0), (-2, 0)} if step == (1, 0) else {(0, 2), (0, -2)}
    diagonal = [(1, 1), (1, -1), (-1, 1), (-1, -1)]
    laplacian = 5 * mosaic[row, column] - sum(
        mosaic[row + r, column + c] for r, c in [*far, *diagonal]
    )
    laplacian += 0.5 * sum(mosaic[row + r, column + c] for r, c in set(alike) - far)
    return mean + sharpness * laplacian / 8


@pytest.mark.parametrize("order", range(4))
def test_colours_are_the_papers(order):
    mosaic = np.random.default_rng(order).random((10, 12))
    colours = np.tile(BAYER[order], (2, 2))[:10, :12]
    for sharpness in (0.0, 0.4, 1.0):
        where = sites(torch.from_numpy(BAYER[order : order + 1]), 10, 12)
        found = (
            Demosaicing(CPU)
            .apply(torch.from_numpy(mosaic)[None, None].float(), where, torch.tensor([sharpness]))[
                0
            ]
            .numpy()
        )
        for colour in range(3):
            for row in range(2, 8):
                for column in range(2, 10):
                    expected = slow(mosaic, colours, colour, row, column, sharpness)
                    assert found[colour, row, column] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("order", range(4))
def test_even_colours_stay_to_the_border(order):
    where = sites(torch.from_numpy(BAYER[order : order + 1]), 8, 6)
    values = torch.tensor([0.2, 0.5, 0.9]).view(1, 3, 1, 1)
    mosaic = (where * values).sum(1, keepdim=True)
    found = Demosaicing(CPU).apply(mosaic, where, torch.tensor([1.0]))
    # Reflected Laplacians of other colours see the same colour, so nothing is added.
    np.testing.assert_allclose(found, values.expand_as(found), atol=1e-6)
