"""UNLNet against its formulas written out as loops and matrices in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from n3cli.errors import ConfigError
from n3cli.networks import registry
from n3cli.networks.description import Placement
from n3cli.networks.unlnet import GaussianMixture, cosine_patches


@pytest.mark.parametrize(("channels", "patch"), [(1, 7), (3, 5)])
def test_it_has_as_many_parameters_as_the_papers_description_gives(channels, patch):
    network = registry.build("unlnet", {"channels": channels, "patch": patch})
    # Five steps, each: filters of a patch (all but its mean) and their scales, 8 weights of
    # neighbours, 51 Gaussians a filter, one factor of the radius.
    filters = channels * patch**2 - 1
    step = filters * (channels * patch**2) + filters + 8 + 51 * filters + 1
    assert sum(p.numel() for p in network.parameters()) == 5 * step
    assert step == {1: 4857, 3: 9407}[channels]


def test_patches_of_cosines_are_orthonormal_and_without_mean():
    rows = cosine_patches(3, 5).flatten(1)
    torch.testing.assert_close(rows @ rows.T, torch.eye(74), atol=1e-6, rtol=0)
    assert rows.mean(1).abs().max() < 1e-6


@pytest.mark.parametrize("value", [-300.0, -100.0, -33.33, 0.0, 0.04, 57.0, 99.99, 100.0, 1e9])
def test_a_mixture_is_the_sum_of_its_gaussians(value):
    mixture = GaussianMixture(3, 0)
    torch.nn.init.uniform_(mixture.weights, -1, 1)
    centres = np.arange(-100, 101, 4)
    gaussians = np.exp(-((np.clip(value, -100, 100) - centres) ** 2) / (2 * 4**2))
    expected = mixture.weights.detach().double().numpy() @ gaussians
    with torch.no_grad():
        found = mixture(torch.full((2, 3), value))
    np.testing.assert_allclose(found[1], expected, atol=2e-4)


def test_fresh_mixtures_are_lines():
    with torch.no_grad():
        found = GaussianMixture(1, 0.2)(torch.linspace(-80, 80, 50)[:, None])
    torch.testing.assert_close(found[:, 0], 0.2 * torch.linspace(-80, 80, 50), atol=2e-3, rtol=1e-3)


def written_out(step, image, noisy, sigma, patch, window, k):
    """One step of H×W images on the 0–255 scale, with L as a matrix."""
    height, width = image.shape
    margin, half = patch // 2, window // 2
    filters = step.transform.detach().double().numpy()[:, 0]
    filters = filters - filters.mean((1, 2), keepdims=True)
    filters /= np.sqrt((filters**2).sum((1, 2), keepdims=True))
    filters *= step.scale.detach().double().numpy()[:, None, None]
    weights = step.weights.detach().double().numpy()
    weights = weights / weights.sum()
    source = np.pad(np.arange(height * width).reshape(height, width), margin, mode="symmetric")
    guide = noisy.reshape(-1)[source]
    pixels = list(np.ndindex(height, width))
    patches = {p: source[p[0] : p[0] + patch, p[1] : p[1] + patch] for p in pixels}
    around = {p: guide[p[0] : p[0] + patch, p[1] : p[1] + patch] for p in pixels}
    matrix = np.zeros((len(pixels), len(filters), len(pixels)))
    for row, p in enumerate(pixels):
        near = [q for q in pixels if max(abs(p[0] - q[0]), abs(p[1] - q[1])) <= half and q != p]
        near.sort(key=lambda q: ((around[p] - around[q]) ** 2).sum())
        for weight, q in zip(weights, [p, *near][:k], strict=True):
            for place, source_pixel in np.ndenumerate(patches[q]):
                matrix[row, :, source_pixel] += weight * filters[:, place[0], place[1]]
    coefficients = (matrix @ image.reshape(-1)).clip(-100, 100)
    gaussians = np.exp(-((coefficients[..., None] - np.arange(-100, 101, 4)) ** 2) / 32)
    potentials = np.einsum("pfg,fg->pf", gaussians, step.mixture.weights.detach().double().numpy())
    after = image - np.einsum("pfq,pf->q", matrix, potentials).reshape(height, width)
    difference = after - noisy
    result = np.empty_like(image)
    for r, c in pixels:
        ball = difference[max(0, r - half) : r + half + 1, max(0, c - half) : c + half + 1]
        length = np.sqrt((ball**2).mean())
        radius = np.exp(step.log_radius.item()) * sigma
        result[r, c] = noisy[r, c] + difference[r, c] * radius / max(length, radius)
    return result


def test_it_computes_what_its_description_says():
    torch.manual_seed(3)
    network = registry.build("unlnet", {"stages": 2, "patch": 3, "neighbours": 4, "window": 7})
    for step in network.steps:
        torch.nn.init.normal_(step.transform)
        torch.nn.init.uniform_(step.scale, 0.8, 1.2)
        torch.nn.init.uniform_(step.weights, 0.1, 1)
        torch.nn.init.normal_(step.mixture.weights, std=3)
        torch.nn.init.normal_(step.log_radius, std=0.1)
    noisy = torch.rand(1, 1, 8, 11)
    expected = noisy[0, 0].double().numpy() * 255
    start = expected
    for step in network.steps:
        expected = written_out(step, expected, start, 25.0, 3, 7, 4)
    with torch.no_grad():
        found = network(noisy, 25 / 255)[0, 0].double().numpy() * 255
    assert np.abs(expected - start).max() > 10
    np.testing.assert_allclose(found, expected, atol=2e-2)


def test_without_noise_nothing_is_changed():
    network = registry.build("unlnet", {})
    image = torch.rand(1, 1, 30, 20, requires_grad=True)
    output = network(image, 0.0)
    torch.testing.assert_close(output, image)
    output.sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters())


def test_no_stage_looks_further_than_it_says():
    torch.manual_seed(1)
    network = registry.build("unlnet", {"stages": 1, "patch": 3, "window": 5})
    torch.nn.init.ones_(network.steps[0].weights)
    x = torch.rand(1, 2, 41, 41) * torch.tensor([1, 0.01]).view(2, 1, 1)
    with torch.no_grad():
        matched = network.stages[0].run(x, Placement.whole(41, 41))
    matched[:, 3:] = matched[:, 3:].clone().random_(0, 25)
    matched.requires_grad_()
    output = network.stages[1].run(matched, Placement.whole(41, 41))
    output[0, 0, 20, 20].backward()
    rows = matched.grad[0, :2].abs().sum((0, 2)).nonzero()
    assert 20 - network.stages[1].halo <= rows.min() <= 20 - 6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"patch": 4}, "patch must be odd, got 4"),
        ({"window": 30}, "window must be odd"),
        ({"patch": 1}, "at least 3"),
        ({"patch": 3.0}, "of type int"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ConfigError, match=message):
        registry.build("unlnet", options)
