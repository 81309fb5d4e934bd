"""Essential matrices, distances to epipolar lines and the eight-point algorithm."""

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from n3cli.ops.two_view.epipolar import eight_point, essential_matrix, symmetric_epipolar_distance
from tests.reference.two_views import scene


def tensors(*arrays):
    return tuple(torch.from_numpy(np.asarray(array)) for array in arrays)


def test_an_essential_matrix_is_that_of_its_pose():
    for seed in range(5):
        rotation, translation, x0, x1 = scene(seed)
        matrix = essential_matrix(*tensors(rotation, translation)).numpy()
        x, y, z = translation
        np.testing.assert_allclose(matrix, [[0, -z, y], [z, 0, -x], [-y, x, 0]] @ rotation)
        ones = np.ones((len(x0), 1))
        error = np.einsum("ni,ij,nj->n", np.hstack([x1, ones]), matrix, np.hstack([x0, ones]))
        np.testing.assert_allclose(error, 0, atol=1e-12)


def test_distances_are_those_to_the_lines():
    rng = np.random.default_rng(1)
    matrix, x0, x1 = rng.normal(size=(3, 3)), rng.normal(size=(9, 2)), rng.normal(size=(9, 2))
    ours = symmetric_epipolar_distance(*tensors(matrix, x0, x1)).numpy()
    for got, a, b in zip(ours, x0, x1, strict=True):
        a, b = np.append(a, 1), np.append(b, 1)
        in1, in0 = matrix @ a, matrix.T @ b
        apart = (b @ in1) / np.hypot(*in1[:2]), (a @ in0) / np.hypot(*in0[:2])
        assert got == pytest.approx(apart[0] ** 2 + apart[1] ** 2, rel=1e-12)


def test_distances_are_opencvs():
    rng = np.random.default_rng(2)
    matrix, x0, x1 = rng.normal(size=(3, 3)), rng.normal(size=(4, 2)), rng.normal(size=(4, 2))
    lines1 = cv2.computeCorrespondEpilines(x0.reshape(-1, 1, 2), 1, matrix).reshape(-1, 3)
    lines0 = cv2.computeCorrespondEpilines(x1.reshape(-1, 1, 2), 2, matrix).reshape(-1, 3)
    expected = (
        (lines1[:, :2] * x1).sum(1) + lines1[:, 2],
        (lines0[:, :2] * x0).sum(1) + lines0[:, 2],
    )
    ours = symmetric_epipolar_distance(*tensors(matrix, x0, x1)).numpy()
    np.testing.assert_allclose(ours, expected[0] ** 2 + expected[1] ** 2, rtol=1e-6)


def test_points_in_the_epipoles_are_far():
    """Forward motion: the middle of both views has no epipolar line."""
    matrix = essential_matrix(torch.eye(3), torch.tensor([0.0, 0, 1]))
    x0 = torch.tensor([[0.0, 0], [0.1, 0.1]])
    distance = symmetric_epipolar_distance(matrix, x0, x0)
    assert torch.isfinite(distance).all()
    assert distance[0] > 1e30
    assert distance[1] == 0


def same(one, other):
    """Whether two matrices are the same up to scale and sign."""
    one, other = (matrix / np.linalg.norm(matrix) for matrix in (one, other))
    return min(np.abs(one - other).max(), np.abs(one + other).max())


@pytest.mark.parametrize("normalise", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_eight_points_and_more_give_the_truth(seed, normalise):
    rotation, translation, x0, x1 = scene(seed)
    true = essential_matrix(*tensors(rotation, translation)).numpy()
    weight = np.random.default_rng(seed).uniform(0.1, 1, len(x0))
    weight[:20] = 0
    x0[:20] += 1  # of no weight, whatever they say
    ours = eight_point(*tensors(x0, x1, weight), normalise=normalise).numpy()
    assert np.linalg.norm(ours) == pytest.approx(1)
    assert same(ours, true) < 1e-7


def test_normalised_pixels_give_opencvs_fundamental_matrix():
    _, _, x0, x1 = scene(3)
    camera = np.array([[900.0, 0, 640], [0, 880, 360], [0, 0, 1]])
    noise = np.random.default_rng(0).normal(0, 0.02, (2, *x0.shape))
    p0, p1 = (
        x @ camera[:2, :2].T + camera[:2, 2] + n for x, n in zip((x0, x1), noise, strict=True)
    )
    theirs, _ = cv2.findFundamentalMat(p0, p1, cv2.FM_8POINT)
    ours = eight_point(*tensors(p0, p1, np.ones(len(p0))), normalise=True).numpy()
    left, values, right = np.linalg.svd(ours)
    ours = left @ np.diag([*values[:2], 0]) @ right
    assert same(ours, theirs) < 5e-3 * np.abs(theirs / np.linalg.norm(theirs)).max()


@pytest.mark.parametrize("normalise", [False, True])
def test_weights_are_those_of_repeated_points(normalise):
    _, _, x0, x1 = scene(5)
    x1 = x1 + np.random.default_rng(0).normal(0, 1e-3, x1.shape)
    times = np.random.default_rng(1).integers(1, 4, len(x0))
    same_points = x0.repeat(times, 0), x1.repeat(times, 0), np.ones(sum(times))
    repeated = eight_point(*tensors(*same_points), normalise=normalise)
    weighted = eight_point(*tensors(x0, x1, times.astype(float)), normalise=normalise)
    assert same(repeated.numpy(), weighted.numpy()) < 1e-9


@given(st.integers(0, 100))
@settings(max_examples=20)
def test_its_gradient_is_that_of_differences(seed):
    _, _, x0, x1 = scene(seed, 14)
    x1 = x1 + np.random.default_rng(seed).normal(0, 0.02, x1.shape)
    weight = (
        torch.rand(14, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)) + 0.1
    )
    first, second = tensors(x0, x1)
    reference = eight_point(first, second, weight)

    def part(weight):
        matrix = eight_point(first, second, weight)
        return matrix * torch.sign((matrix * reference).sum())  # its sign is free

    given = weight.clone().requires_grad_()
    direction = torch.randn(3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    (part(given) * direction).sum().backward()
    step = 1e-5
    for index in (0, 7, 13):
        change = torch.zeros_like(weight)
        change[index] = step
        difference = ((part(weight + change) - part(weight - change)) * direction).sum() / (
            2 * step
        )
        assert float(given.grad[index]) == pytest.approx(float(difference), rel=0.02, abs=1e-4)


def test_gradients_stay_finite_where_eigenvalues_meet():
    """A plane has many matrices that fit; equal points, no rotation and no weight have more."""
    _, _, flat0, flat1 = scene(0, flat=True)
    cases = [
        (flat0, flat1, np.ones(60)),
        (flat0, flat0, np.ones(60)),
        (flat0 * 0, flat0 * 0, np.ones(60)),
        (flat0, flat1, np.zeros(60)),
    ]
    for x0, x1, weight in cases:
        for dtype in (torch.float64, torch.float32):
            given = torch.from_numpy(weight).to(dtype).requires_grad_()
            for normalise in (False, True):
                first, second = (points.to(dtype) for points in tensors(x0, x1))
                matrix = eight_point(first, second, given, normalise=normalise)
                assert torch.isfinite(matrix).all()
                (gradient,) = torch.autograd.grad(matrix.sum(), given)
                assert torch.isfinite(gradient).all()


def test_a_second_derivative_is_refused():
    x0, x1 = torch.rand(2, 1, 20, 2, dtype=torch.float64)
    weights = torch.rand(1, 20, dtype=torch.float64, requires_grad=True)
    total = eight_point(x0, x1, weights)[..., 0, 0].square().sum()
    with pytest.raises(NotImplementedError, match="eight-point algorithm has no second derivative"):
        torch.autograd.grad(total, weights, create_graph=True)


def test_batches_are_taken_apart():
    scenes = [scene(seed) for seed in range(3)]
    x0, x1 = (torch.from_numpy(np.stack([each[n] for each in scenes])) for n in (2, 3))
    weight = torch.rand(3, 60, dtype=torch.float64)
    together = eight_point(x0, x1, weight, normalise=True)
    for index in range(3):
        alone = eight_point(x0[index], x1[index], weight[index], normalise=True)
        assert same(together[index].numpy(), alone.numpy()) < 1e-9


@pytest.mark.skipif(not torch.backends.mps.is_available(), reason="needs an Apple GPU")
def test_an_apple_gpu_which_has_no_float64_gives_the_same():
    _, _, x0, x1 = scene(0)
    points = [each.float() for each in tensors(x0, x1)]
    found = []
    for device in ("cpu", "mps"):
        weight = torch.rand(len(x0), generator=torch.Generator().manual_seed(0)).to(device)
        matrix = eight_point(*(each.to(device) for each in points), weight.requires_grad_())
        matrix.square()[..., 0].sum().backward()
        assert matrix.device.type == weight.grad.device.type == device
        found.append((matrix.detach().cpu().abs(), weight.grad.cpu()))
    torch.testing.assert_close(found[0], found[1], atol=1e-4, rtol=1e-2)
