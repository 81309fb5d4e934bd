"""The task of denoising: its batches, its noise and its losses."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

from n3cli.networks.dncnn import DnCNN
from n3cli.training.gaussian import GaussianDenoising
from n3cli.training.material import Material
from n3cli.training.recipe import load_recipe
from n3cli.training.seed import Stream, mix
from n3cli.training.store import ImageStore
from n3cli.training.validation import mean_psnr

CPU = torch.device("cpu")
ALL = slice(None)


def make_task(*changes, share=ALL, channels=1, validation=()):
    recipe = load_recipe("denoise-n3net-gray", ["data.crop=16", "data.batch=24", *changes])
    pixels = np.random.default_rng(2).integers(0, 256, 2 * 24 * 32 * channels, np.uint8)
    offset = torch.tensor([0, 24 * 32 * channels])
    store = ImageStore(
        torch.from_numpy(pixels),
        offset,
        torch.tensor([24, 32]),
        torch.tensor([32, 24]),
        channels,
        (Path("a"), Path("b")),
    )
    return GaussianDenoising(recipe, Material(store, list(validation)), CPU, lambda _: share)


def flat(batch):
    (noisy, sigma), clean = batch
    return noisy, sigma, clean


@pytest.mark.parametrize("channels", [1, 3])
def test_a_batch_follows_from_seed_and_step_alone(channels):
    task = make_task(channels=channels)
    first = flat(task.batch(5, 0))
    other = flat(task.batch(6, 0))
    torch.manual_seed(99)
    for again in (task, make_task(channels=channels)):
        assert all(map(torch.equal, flat(again.batch(5, 0)), first))
    for different in (other, flat(make_task("run.seed=1", channels=channels).batch(5, 0))):
        assert not any(map(torch.equal, different, first))
    noisy, sigma, clean = first
    assert noisy.shape == clean.shape == (24, channels, 16, 16)
    assert sigma.shape == (24,)
    assert noisy.is_contiguous(memory_format=torch.channels_last)


def test_a_batch_leaves_other_random_numbers_alone():
    state = torch.get_rng_state()
    make_task().batch(1, 0)
    assert torch.equal(torch.get_rng_state(), state)


def test_crops_grow_at_the_end_of_a_run():
    task = make_task("data.final=0.1", "data.final_crop=20", "data.final_batch=4")
    for done, batch, side in ((0, 24, 16), (0.89, 24, 16), (0.95, 4, 20)):
        (noisy, sigma), clean = task.batch(3, done)
        assert noisy.shape == clean.shape == (batch, 1, side, side)
        assert sigma.shape == (batch,)


def test_shares_make_up_the_whole_batch():
    whole = flat(make_task().batch(3, 0))
    shares = [flat(make_task(share=part).batch(3, 0)) for part in (slice(0, 12), slice(12, 24))]
    for parts, all_of_it in zip(zip(*shares, strict=True), whole, strict=True):
        assert torch.equal(torch.cat(parts), all_of_it)


def test_noise_is_white_normal_and_of_the_level_that_is_told():
    task = make_task("noise.sigma=[5, 75]", "data.batch=100")
    (noisy, sigma), clean = task.batch(0, 0)
    field = ((noisy - clean) / sigma.view(-1, 1, 1, 1)).double().numpy()
    count = field.size
    assert abs(field.mean()) < 4 / count**0.5
    assert abs(field.var() - 1) < 4 * (2 / count) ** 0.5
    assert abs((field**4).mean() - 3) < 4 * (96 / count) ** 0.5  # a normal's fourth moment
    for shifted in (field[1:], field[:, :, 1:], field[..., 1:]):  # other crops, rows, columns
        beside = field[tuple(slice(size) for size in shifted.shape)]
        assert abs((shifted * beside).mean()) < 4 / count**0.5
    # Each crop's own level, within four standard errors of 256 pixels.
    assert np.abs(field.std((1, 2, 3)) - 1).max() < 4 / (2 * 256) ** 0.5


def test_levels_are_uniform_in_their_range():
    task = make_task("noise.sigma=[10, 50]", "data.batch=500")
    sigma = np.sort(np.concatenate([task.batch(step, 0)[0][1] for step in range(4)])) * 255
    assert sigma.min() >= 10
    assert sigma.max() <= 50 + 1e-4
    ranks = np.arange(1, len(sigma) + 1) / len(sigma)
    assert np.abs((sigma - 10) / 40 - ranks).max() < 1.95 / len(sigma) ** 0.5  # p = 0.001


def test_a_fixed_level_is_exact():
    (_, sigma), _ = make_task("noise.sigma=[25, 25]").batch(0, 0)
    assert torch.equal(sigma, torch.full((24,), 25 / 255))


def test_neighbouring_seeds_and_steps_have_other_seeds():
    numbers = itertools.product(range(40), range(40), Stream)
    seeds = {mix(*three) for three in numbers}
    assert len(seeds) == 1600 * len(Stream)
    assert all(0 <= seed < 2**63 for seed in seeds)


@pytest.mark.parametrize("kind", ["weighted", "mse", "sse"])
@pytest.mark.parametrize("channels", [1, 3])
def test_losses_are_numpys(kind, channels):
    output, target = torch.rand(2, 4, channels, 80, 80)
    sigma = torch.tensor([0.0, 10, 25, 75]) / 255
    error = (output.double() - target.double()).numpy() ** 2
    levels = np.array([0.0, 10, 25, 75])
    expected = {
        "mse": error.mean(),
        "sse": sum(0.5 * crop.sum() * 1600 / 80**2 for crop in error) / 4,
        "weighted": np.mean(
            [255**2 * crop.mean() / (s + 2) for crop, s in zip(error, levels, strict=True)]
        ),
    }[kind]
    loss = make_task(f"loss.kind={kind}").loss(output, target, (output, sigma))
    assert loss.shape == ()
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_scores_are_those_of_the_network_at_each_level():
    images = [torch.rand(1, 20, 31), torch.rand(1, 40, 18)]
    network = DnCNN(1, True, 2, 4).eval()
    task = make_task("validation.sigmas=[7.5, 25, 80]", validation=images)  # 80 is out of range
    assert task.validate(network) == {
        f"psnr{name}": mean_psnr(network, images, sigma, CPU)
        for name, sigma in (("7.5", 7.5), ("25", 25))
    }
    assert make_task().validate(network) == {}
