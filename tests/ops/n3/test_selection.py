from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import slow_selection
from safetensors.torch import load_file

from n3cli.ops.n3.selection import (
    EXCLUDED,
    SELECTION_RULES,
    _relax_by_logarithms,
    _relax_by_products,
    relaxed_in_turn,
    select_hard,
    select_relaxed,
    select_stochastic,
)


def test_relaxed_matches_the_official_implementation(shared):
    golden = load_file(shared / "reference" / "selection.safetensors")
    temperature = 0.1 * golden["log_temperature"].exp()
    weights = select_relaxed(golden["neg_squared_distance"] / temperature[:, None], 7)
    torch.testing.assert_close(weights.permute(1, 2, 0), golden["weights"], atol=1e-6, rtol=1e-4)


@given(
    st.integers(1, 9),
    # Farther apart, 1 − w has too few digits in float32.
    st.lists(st.floats(-4.5, 4.5), min_size=2, max_size=12),
    st.sampled_from([torch.float32, torch.float64]),
)
@settings(max_examples=60)
def test_relaxed_matches_the_slow_reference(k, logits, dtype):
    alpha = torch.tensor([logits], dtype=dtype)
    expected = torch.from_numpy(slow_selection.relaxed(logits, k)).to(dtype)
    torch.testing.assert_close(select_relaxed(alpha, k)[:, 0], expected, atol=2e-5, rtol=1e-3)


@given(st.integers(1, 8), st.integers(1, 8), st.floats(1e-6, 1e8), st.booleans())
@settings(max_examples=80)
def test_relaxed_stays_finite_at_every_temperature(k, candidates, sharpness, excluded):
    logits = -torch.rand(3, candidates) * sharpness
    if excluded:
        logits[:, 0] = EXCLUDED
    logits.requires_grad_()
    weights = select_relaxed(logits, k)
    (gradient,) = torch.autograd.grad((weights * torch.rand_like(weights)).sum(), logits)
    assert torch.isfinite(weights).all()
    assert torch.isfinite(gradient).all()
    torch.testing.assert_close(weights.sum(-1), torch.ones(k, 3))
    with torch.no_grad():
        for form in (_relax_by_products, _relax_by_logarithms):
            torch.testing.assert_close(form(logits, k).sum(-1), torch.ones(k, 3))


@given(st.integers(1, 9), st.integers(1, 12), st.floats(1e-3, 8), st.booleans())
@settings(max_examples=80)
def test_the_forms_for_processors_and_for_gpus_agree(k, candidates, sharpness, excluded):
    logits = -torch.rand(5, candidates) * sharpness
    if excluded:
        logits[:, 0] = EXCLUDED
    products, logarithms = (form(logits, k) for form in (_relax_by_products, _relax_by_logarithms))
    torch.testing.assert_close(products, logarithms, atol=2e-5, rtol=1e-3)


@given(st.integers(1, 9), st.integers(1, 12), st.floats(1e-3, 400), st.booleans())
@settings(max_examples=80)
def test_one_volume_after_another_is_what_all_at_once_are(k, candidates, sharpness, excluded):
    logits = -torch.rand(2, 5, candidates) * sharpness
    if excluded:
        logits[..., 0] = EXCLUDED
    room = torch.full_like(logits, torch.nan), torch.full_like(logits, torch.nan)
    turns = [w.clone() for w in relaxed_in_turn(logits, k, *room)]
    assert torch.equal(torch.stack(turns), select_relaxed(logits, k))


def relaxed_in_log_space(logits, k):
    """The recurrence as it is written, in the dtype of the logits."""
    alpha, weights = logits.clone(), []
    for _ in range(k):
        weights.append(torch.softmax(alpha, -1))
        alpha = (alpha + torch.log1p(-weights[-1])).clamp_min(-1e30)
    return torch.stack(weights)


@pytest.mark.parametrize("scale", [1, 5, 20, 40, 80])
def test_no_candidate_is_chosen_twice(scale):
    torch.manual_seed(1)
    logits = scale * torch.randn(2000, 32)
    found, expected = select_relaxed(logits, 7), relaxed_in_log_space(logits, 7)
    again = (found[1:] > 0.9) & (found[:-1] > 0.9)
    assert not again.any()
    # Both round where a weight is nearly 1, not always to the same side.
    off = ((found - expected).abs() > 0.05).any(-1).float().mean()
    assert off <= (0.03 if scale > 10 else 0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    "logits",
    [
        [0.0, -55, -63],
        [0, -25, -52, -64, -66],
        [0, -30, -60],
        [0, -40, -70],
        [0, -45, -65],
        [0, -19, -100],
        [0, -70, -71.8],
        [0, -78.2, -80],
    ],
)
def test_what_is_half_spent_is_not_forgotten(logits, dtype):
    alpha = torch.tensor([logits], dtype=dtype)
    torch.testing.assert_close(
        select_relaxed(alpha, 4), relaxed_in_log_space(alpha, 4), atol=2e-3, rtol=0
    )


def test_candidates_far_below_the_leaders_get_their_turn():
    # Each leader takes all mass that float32, and float64, can tell from all of it.
    logits = [0.0, -60.0, -60.3, -200.0, -201.0, -202.0]
    expected = torch.from_numpy(slow_selection.relaxed(logits, 3)).float()
    found = select_relaxed(torch.tensor([logits, [0.0, -0.1, -0.2, 0, 0, 0]]), 3)[:, 0]
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)
    second, third = torch.softmax(torch.tensor(logits[1:3]), 0).tolist()
    assert found[1, 1:3].tolist() == pytest.approx([second, third], rel=1e-5)


def test_relaxed_gradient():
    logits = torch.randn(2, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda a: select_relaxed(a, 4), logits)


def test_relaxed_gradient_with_an_excluded_candidate():
    logits = torch.randn(2, 6, dtype=torch.float64, requires_grad=True)
    mask = torch.tensor([True] + [False] * 5)
    assert torch.autograd.gradcheck(
        lambda a: select_relaxed(a.masked_fill(mask, EXCLUDED), 4), logits
    )


def test_relaxed_tends_to_the_nearest_as_temperature_falls():
    logits = torch.randn(20, 12)
    sharp = logits * 1e6
    torch.testing.assert_close(select_relaxed(sharp, 5), select_hard(sharp, 5))
    sharp.requires_grad_()
    torch.testing.assert_close(select_relaxed(sharp, 5).detach(), select_hard(logits, 5))


def test_relaxed_tends_to_the_mean_as_temperature_rises():
    weights = select_relaxed(torch.randn(20, 12) * 1e-6, 5)
    torch.testing.assert_close(weights, torch.full((5, 20, 12), 1 / 12))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("rule", SELECTION_RULES)
def test_half_precision_in_and_out(dtype, rule):
    logits = (torch.randn(4, 30) * 3).to(dtype)
    weights = SELECTION_RULES[rule](logits, 5)
    assert weights.dtype == dtype
    assert weights.shape == (5, 4, 30)
    if rule == "relaxed":
        full = select_relaxed(logits.float(), 5)
        torch.testing.assert_close(weights.float(), full, atol=2e-3, rtol=1e-2)


def test_underflown_candidates_are_not_lost():
    logits = torch.tensor([[0.0, -300.0, -600.0, -900.0]])
    torch.testing.assert_close(select_relaxed(logits, 4), select_hard(logits, 4))


def test_used_up_candidates_are_shared_evenly():
    only_itself = torch.tensor([[EXCLUDED]])
    torch.testing.assert_close(select_relaxed(only_itself, 3), torch.ones(3, 1, 1))
    one_other = torch.tensor([[EXCLUDED, 1.0]])
    weights = select_relaxed(one_other, 3)[:, 0]
    expected = torch.tensor([[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]])
    torch.testing.assert_close(weights, expected)


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=9, unique=True), st.integers(1, 12))
@settings(max_examples=60)
def test_hard_picks_the_largest_in_order(logits, k):
    weights = select_hard(torch.tensor([logits], dtype=torch.float32), k)[:, 0]
    np.testing.assert_array_equal(weights, slow_selection.nearest(logits, k))


def test_stochastic_samples_as_often_as_the_law_says():
    logits = torch.tensor([0.3, -0.4, 1.1, 0.0])
    draws = 40_000
    generator = torch.Generator().manual_seed(7)
    weights = select_stochastic(logits.expand(draws, 4), 2, generator)
    chosen = weights.argmax(-1).T
    for (first, second), chance in slow_selection.without_replacement(logits, 2).items():
        seen = ((chosen[:, 0] == first) & (chosen[:, 1] == second)).float().mean().item()
        assert abs(seen - chance) < 5 * (chance * (1 - chance) / draws) ** 0.5


def test_stochastic_follows_its_generator_and_skips_the_excluded():
    logits = torch.randn(50, 6)
    logits[:, 2] = EXCLUDED
    first, second = (
        select_stochastic(logits, 5, torch.Generator().manual_seed(3)) for _ in range(2)
    )
    assert torch.equal(first, second)
    assert first[..., 2].sum() == 0
    assert (first.sum(0)[:, [0, 1, 3, 4, 5]] == 1).all()


def test_relaxed_second_derivatives():
    logits = torch.randn(2, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda a: select_relaxed(a, 4), logits)


def test_a_second_derivative_where_the_first_gradient_comes_from_constants():
    # Nothing that comes in needs a gradient then; what the weights add must not be lost.
    values = torch.randn(5, dtype=torch.float64)
    factors = torch.randn(3, 5, dtype=torch.float64)

    def curvature(select):
        logits = values.clone().requires_grad_()
        total = (select(logits, 3) * factors).sum()
        (first,) = torch.autograd.grad(total, logits, create_graph=True)
        return torch.autograd.grad(first.square().sum(), logits)[0]

    def as_written(logits, k):
        weights = []
        for _ in range(k):
            weights.append(torch.softmax(logits, dim=-1))
            logits = logits + torch.log1p(-weights[-1])
        return torch.stack(weights)

    torch.testing.assert_close(curvature(select_relaxed), curvature(as_written))


def test_relaxed_under_functional_transforms():
    logits = torch.randn(2, 6, dtype=torch.float64)
    factors = torch.randn(3, 2, 6, dtype=torch.float64)

    def total(a):
        return (select_relaxed(a, 3) * factors).sum()

    ours = torch.func.grad(total)(logits)
    logits.requires_grad_()
    torch.testing.assert_close(ours, torch.autograd.grad(total(logits), logits)[0])
