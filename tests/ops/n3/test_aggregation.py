from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import slow_block

from n3cli.ops.n3 import aggregation_set
from n3cli.ops.n3.aggregation import aggregate
from n3cli.ops.n3.aggregation_plain import aggregate_plain
from n3cli.ops.n3.aggregation_set import aggregate_set
from n3cli.ops.n3.cell import Grid
from n3cli.ops.n3.selection import select_hard, select_relaxed
from n3cli.ops.n3.window import Axis

K = 3


def problem(rows, columns, patch, stride, window, batch=1, dtype=torch.float64):
    size = (rows - 1) * stride + patch, (columns - 1) * stride + patch
    features = torch.randn(batch, 2, *size, dtype=dtype)
    embedding = torch.randn(batch, 3, *size, dtype=dtype)
    sharpness = 2 / (3 * patch * patch)
    inverse_temperature = (0.5 + torch.rand(batch, rows, columns, dtype=dtype)) * sharpness
    axes = (Axis(count, 0, count, window) for count in (rows, columns))
    grid = Grid(patch, stride, *axes)
    return features, embedding, inverse_temperature, grid


@pytest.mark.parametrize("form", [aggregate, aggregate_plain])
@pytest.mark.parametrize(
    ("rows", "columns", "patch", "stride", "window"),
    [(6, 9, 4, 2, 3), (2, 8, 6, 3, 5), (5, 4, 3, 1, 9), (1, 5, 4, 4, 3)],
)
def test_matches_the_slow_reference(form, rows, columns, patch, stride, window):
    features, embedding, inverse_temperature, grid = problem(rows, columns, patch, stride, window)
    volumes = form(features, embedding, inverse_temperature, grid, K, select_relaxed)
    expected = slow_block.neighbour_volumes(
        *(t[0].numpy() for t in (features, embedding, inverse_temperature)),
        patch, stride, window, K,
    )  # fmt: skip
    np.testing.assert_allclose(volumes[0], expected, atol=1e-9)


@given(
    st.integers(1, 10),
    st.integers(1, 20),  # more than a cell and a window have
    st.sampled_from([(4, 2), (6, 2), (3, 3), (10, 5), (4, 1)]),
    st.integers(1, 7),
    st.integers(1, 2),
)
@settings(max_examples=40)
def test_fast_form_is_exact(rows, columns, patch_and_stride, window, batch):
    arguments = problem(rows, columns, *patch_and_stride, window, batch)
    torch.testing.assert_close(
        aggregate(*arguments, K, select_relaxed), aggregate_plain(*arguments, K, select_relaxed)
    )


@pytest.mark.parametrize(("rows", "columns"), [(5, 5), (20, 31), (3, 12)])
def test_gradients_of_both_forms_agree(rows, columns):
    *tensors, grid = problem(rows, columns, 4, 2, 5, batch=2)
    for tensor in tensors:
        tensor.requires_grad_()
    gradients = []
    for form in (aggregate, aggregate_plain):
        volumes = form(*tensors, grid, K, select_relaxed)
        weight = torch.linspace(-1, 1, volumes.numel(), dtype=volumes.dtype).view_as(volumes)
        gradients.append(torch.autograd.grad((volumes * weight).sum(), tensors))
    for fast, plain in zip(*gradients, strict=True):
        torch.testing.assert_close(fast, plain)


def test_gradcheck():
    *tensors, grid = problem(3, 3, 4, 2, 3)
    for tensor in tensors:
        tensor.requires_grad_()
    assert torch.autograd.gradcheck(
        lambda *t: aggregate(*t, grid, 2, select_relaxed), tensors, fast_mode=True
    )


def test_half_precision_is_computed_in_float32():
    *tensors, grid = problem(9, 9, 4, 2, 5, dtype=torch.bfloat16)
    half = aggregate(*tensors, grid, K, select_relaxed)
    full = aggregate(*(tensor.float() for tensor in tensors), grid, K, select_relaxed)
    assert half.dtype == torch.bfloat16
    assert torch.equal(half, full.bfloat16())


def test_hard_rule_copies_the_nearest_patch():
    features, embedding, inverse_temperature, grid = problem(4, 4, 4, 4, 9)
    features[..., 12:, 12:] = features[..., :4, :4]
    embedding[..., 12:, 12:] = embedding[..., :4, :4]
    volumes = aggregate(features, embedding, inverse_temperature, grid, 1, select_hard)
    torch.testing.assert_close(volumes[0, 0, :, :4, :4], features[0, :, 12:, 12:])


def test_calibration_sees_every_distance_once_and_scales_them():
    *tensors, grid = problem(7, 8, 4, 2, 3)
    seen = []

    def calibrate(distances):
        seen.extend(torch.cat([part.flatten() for part in distances]).tolist())
        return 0.25

    scaled = aggregate(*tensors, grid, K, select_relaxed, calibrate)
    tensors[2] = tensors[2] / 4
    torch.testing.assert_close(scaled, aggregate(*tensors, grid, K, select_relaxed))
    keys = torch.nn.functional.unfold(tensors[1], 4, stride=2)[0].T
    expected = []
    for row in range(7):
        for column in range(8):
            for r in range(grid.rows.start(row), grid.rows.start(row) + 3):
                for c in range(grid.columns.start(column), grid.columns.start(column) + 3):
                    if (r, c) != (row, column):
                        difference = keys[row * 8 + column] - keys[r * 8 + c]
                        expected.append(difference.square().sum().item())
    np.testing.assert_allclose(sorted(seen), sorted(expected))


@pytest.mark.parametrize("chunk", [1, 4, 100])
def test_set_form(chunk, monkeypatch):
    monkeypatch.setattr(aggregation_set, "CHUNK", chunk * 2 * 11)
    features, embedding = (torch.randn(2, 11, n, dtype=torch.float64) for n in (3, 4))
    inverse_temperature = torch.rand(2, 11, dtype=torch.float64)
    volumes = aggregate_set(features, embedding, inverse_temperature, K, select_relaxed)
    logits = -torch.cdist(embedding, embedding).square() * inverse_temperature[..., None]
    logits.diagonal(dim1=1, dim2=2).fill_(-1e9)
    expected = torch.stack([w @ features for w in select_relaxed(logits, K)], dim=1)
    torch.testing.assert_close(volumes, expected)


@pytest.mark.parametrize("rows", [5, 20])
def test_autocast_does_not_reach_distances_and_weights(rows):
    *tensors, grid = problem(rows, rows, 4, 2, 5, dtype=torch.float32)
    tensors[1] += 30  # far from the origin, half-precision products would drown the distances
    expected = aggregate(*tensors, grid, K, select_relaxed)
    items = torch.randn(1, 9, 2), 30 + torch.randn(1, 9, 4), torch.ones(1, 9)
    expected_items = aggregate_set(*items, K, select_relaxed)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(aggregate(*tensors, grid, K, select_relaxed), expected)
        torch.testing.assert_close(aggregate_set(*items, K, select_relaxed), expected_items)


def test_an_embedding_far_from_the_origin_loses_no_digits():
    *tensors, grid = problem(20, 20, 4, 2, 5)
    exact = aggregate(*tensors, grid, K, select_relaxed)
    tensors[1] = tensors[1] + 50
    features, embedding, inverse_temperature = (t.float() for t in tensors)
    volumes = aggregate(features, embedding, inverse_temperature, grid, K, select_relaxed)
    torch.testing.assert_close(volumes.double(), exact, atol=1e-4, rtol=0)


def test_the_plain_form_takes_half_precision_and_autocast():
    *tensors, grid = problem(6, 6, 4, 2, 5, dtype=torch.float32)
    expected = aggregate_plain(*tensors, grid, K, select_relaxed)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(aggregate_plain(*tensors, grid, K, select_relaxed), expected)
        half = aggregate_plain(tensors[0].bfloat16(), *tensors[1:], grid, K, select_relaxed)
    assert half.dtype == torch.bfloat16
