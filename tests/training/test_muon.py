"""Muon: steps along the gradient's singular vectors, all about as long."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from n3cli.training.muon import Muon, orthogonalise


@pytest.mark.parametrize("shape", [(16, 16), (64, 576), (96, 16), (16, 144)])
@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e6])
def test_singular_values_come_near_one_and_the_vectors_stay(shape, scale):
    matrix = torch.randn(shape) * scale
    u, values, vt = np.linalg.svd(matrix.double().numpy(), full_matrices=False)
    step = orthogonalise(matrix)
    assert step.dtype == torch.float32
    inner = u.T @ step.double().numpy() @ vt.T
    # Values far below the largest grow too slowly to arrive in five iterations.
    reached = values > values[0] / 50
    assert reached.mean() > 0.9
    lengths = np.diag(inner)[reached]
    assert lengths.min() > 0.6
    assert lengths.max() < 1.3
    assert np.abs(inner - np.diag(np.diag(inner))).max() < 1e-3


@pytest.mark.parametrize("decades", [4, 8, 100])
def test_small_singular_values_are_not_drowned_in_rounding(decades):
    u, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(64, 64)))
    v, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(576, 64)))
    matrix = u * 10.0 ** -np.linspace(0, decades, 64) @ v.T
    step = orthogonalise(torch.from_numpy(matrix).float()).double().numpy()
    expected = iterate(matrix)
    assert np.linalg.norm(step - expected) < 2e-3 * np.linalg.norm(expected)


def test_matrices_together_are_as_each_by_itself():
    matrices = torch.randn(3, 24, 60) * torch.tensor([1e-3, 1, 1e3]).view(3, 1, 1)
    for together, alone in zip(orthogonalise(matrices), matrices, strict=True):
        torch.testing.assert_close(together, orthogonalise(alone))


def test_faint_gradients_give_the_same_step():
    matrix = torch.randn(24, 60)
    torch.testing.assert_close(
        orthogonalise(1e-5 * matrix), orthogonalise(matrix), atol=0.01, rtol=0
    )


def test_zero_stays_zero():
    assert torch.equal(orthogonalise(torch.zeros(12, 30)), torch.zeros(12, 30))


def steps(weight, gradients, count, optimiser=None):
    optimiser = optimiser or Muon([weight], rate=0.1, momentum=0.9)
    for gradient in gradients[:count]:
        weight.grad = gradient.clone(memory_format=torch.preserve_format)
        optimiser.step()
    return optimiser


def iterate(matrix):
    """Five Newton–Schulz iterations, on the singular values in float64."""
    u, values, vt = np.linalg.svd(matrix, full_matrices=False)
    values = values / np.linalg.norm(values)
    for _ in range(5):
        values = 3.4445 * values - 4.7750 * values**3 + 2.0315 * values**5
    return u * values @ vt


@pytest.mark.parametrize(("planes", "gain"), [((40, 10), 2.0), ((10, 40), 1.0)])
def test_a_step_is_that_of_nesterovs_momentum(planes, gain):
    weight = nn.Parameter(torch.zeros(*planes, 1, 1))
    gradients = torch.randn(3, *planes, 1, 1)
    total, expected = np.zeros(planes), np.zeros(planes)
    for gradient in gradients.double().flatten(2).numpy():
        total = 0.9 * total + gradient
        expected -= 0.1 * gain * iterate(gradient + 0.9 * total)
    steps(weight, gradients, 3)
    found = weight.detach().flatten(1).double().numpy()
    assert np.linalg.norm(found - expected) < 1e-4 * np.linalg.norm(expected)


def test_decay_comes_off_before_the_step():
    weight = nn.Parameter(torch.randn(12, 30, 1, 1))
    before, gradients = weight.detach().clone(), torch.randn(1, 12, 30, 1, 1)
    bare = nn.Parameter(torch.zeros(12, 30, 1, 1))
    steps(bare, gradients, 1)
    steps(weight, gradients, 1, Muon([weight], rate=0.1, momentum=0.9, decay=0.5))
    torch.testing.assert_close(weight.detach(), 0.95 * before + bare.detach())


def test_decay_bounds_the_singular_values():
    grown, bound = (nn.Parameter(torch.zeros(16, 16, 1, 1)) for _ in range(2))
    same = torch.randn(1, 16, 16, 1, 1).expand(400, -1, -1, -1, -1)
    steps(grown, same, 400)
    steps(bound, same, 400, Muon([bound], rate=0.1, momentum=0.9, decay=0.5))
    largest = [torch.linalg.matrix_norm(w.detach().flatten(1), 2) for w in (grown, bound)]
    assert largest[0] > 20
    assert largest[1] < 1.2 / 0.5  # one step's singular values are at most 1.2


def test_memory_order_does_not_matter():
    gradients = torch.randn(4, 24, 12, 3, 3)
    plain = nn.Parameter(torch.randn(24, 12, 3, 3))
    last = nn.Parameter(plain.detach().clone().to(memory_format=torch.channels_last))
    steps(plain, gradients, 4)
    steps(last, [g.to(memory_format=torch.channels_last) for g in gradients], 4)
    assert last.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(last, plain, rtol=0, atol=1e-5, check_stride=False)


def test_without_a_gradient_nothing_happens():
    weights = [nn.Parameter(torch.ones(9, 9, 1, 1)) for _ in range(2)]
    weights[1].grad = torch.randn(9, 9, 1, 1)
    optimiser = Muon(weights, rate=0.1, momentum=0.9)
    optimiser.step()
    assert torch.equal(weights[0], torch.ones(9, 9, 1, 1))
    assert not torch.equal(weights[1], torch.ones(9, 9, 1, 1))
    assert weights[0] not in optimiser.state


def test_a_restored_state_goes_on_alike():
    gradients = torch.randn(4, 16, 16, 3, 3)
    whole = nn.Parameter(torch.randn(16, 16, 3, 3).to(memory_format=torch.channels_last))
    parted = nn.Parameter(whole.detach().clone())
    steps(whole, gradients, 4)
    state = copy.deepcopy(steps(parted, gradients, 2).state_dict())
    restored = Muon([parted], rate=0.5, momentum=0.1)
    restored.load_state_dict(state)
    steps(parted, gradients[2:], 2, restored)
    assert torch.equal(parted, whole)
