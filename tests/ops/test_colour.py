"""Matrices of colours against NumPy's."""

import numpy as np
import torch

from n3cli.ops.colour import inverse, mix


def test_colours_are_mixed_by_each_pictures_matrix():
    colours, matrices = torch.rand(4, 3, 5, 6), torch.randn(4, 3, 3)
    expected = np.einsum("bij,bjhw->bihw", matrices.numpy(), colours.numpy())
    np.testing.assert_allclose(mix(colours, matrices).numpy(), expected, atol=1e-5)
    expected = np.einsum("ij,bjhw->bihw", matrices[0].numpy(), colours.numpy())
    np.testing.assert_allclose(mix(colours, matrices[:1]).numpy(), expected, atol=1e-5)


def test_inverses():
    matrices = torch.eye(3) + 0.3 * torch.rand(50, 3, 3)
    expected = np.linalg.inv(matrices.double().numpy())
    np.testing.assert_allclose(inverse(matrices).numpy(), expected, rtol=1e-3, atol=1e-5)
