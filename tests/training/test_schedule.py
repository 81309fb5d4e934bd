"""Learning rates: the closed formulas, at every border of an epoch."""

import math
from dataclasses import replace

import pytest

from n3cli.training.config import ScheduleSettings
from n3cli.training.recipe import load_recipe
from n3cli.training.schedule import rate_factor


def test_the_papers_decay_at_every_border_of_an_epoch():
    recipe = load_recipe("paper-s25")
    steps = 1600  # of 32 crops in an epoch
    for epoch in range(51):
        for step in (epoch * steps, epoch * steps + 1, (epoch + 1) * steps - 1):
            factor = rate_factor(recipe.schedule, step, step / (51 * steps))
            assert factor == pytest.approx(10 ** (-3 * epoch / 50), rel=1e-12)
    assert rate_factor(recipe.schedule, 51 * steps, 1.0) == factor  # the last lasts to the end


def test_cosine_falls_from_one_to_zero():
    settings = ScheduleSettings(crops=1, warmup=0)
    for progress in (0, 0.25, 0.5, 0.9):
        wanted = math.cos(math.pi / 2 * progress) ** 2
        assert rate_factor(settings, 5, progress) == pytest.approx(wanted)
    assert rate_factor(settings, 5, 0.0) == 1
    assert rate_factor(settings, 5, 1.0) == 0


@pytest.mark.parametrize("decay", ["cosine", "exponential", "constant"])
def test_warm_up_is_a_ramp_on_top_of_the_decay(decay):
    warm = ScheduleSettings(crops=100_000, decay=decay, warmup=10)
    plain = replace(warm, warmup=0)
    for step in range(20):
        ratio = rate_factor(warm, step, step / 200) / rate_factor(plain, step, step / 200)
        assert ratio == pytest.approx(min(1, (step + 1) / 10))


@pytest.mark.parametrize("steps", [4, 20, 60, 1000, 5000])
def test_warm_up_is_over_after_a_tenth_of_a_short_run(steps):
    settings = ScheduleSettings(crops=1, decay="constant", warmup=100)
    factors = [rate_factor(settings, step, step / steps) for step in range(steps)]
    assert factors == sorted(factors)
    full = next(step for step, factor in enumerate(factors) if factor == 1)
    assert full == min(99, math.ceil(steps / 10))


def test_constant_stays():
    assert {rate_factor(ScheduleSettings(1, 0, "constant", 0), i, i / 9) for i in range(9)} == {1.0}


def test_a_run_shorter_than_an_epoch_does_not_decay_in_stairs():
    settings = ScheduleSettings(crops=100, decay="exponential", warmup=0)
    assert {rate_factor(settings, step, step / 9) for step in range(9)} == {1.0}
