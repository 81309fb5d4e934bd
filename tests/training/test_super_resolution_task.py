"""The task of enlarging: its batches, its loss and its scores."""

from pathlib import Path

import numpy as np
import pytest
import torch

from n3cli.data.simulated.degradation import degrade_typically
from n3cli.errors import ConfigError
from n3cli.networks import registry
from n3cli.ops.luma import studio_luma
from n3cli.ops.resize import resize
from n3cli.training.material import Material
from n3cli.training.recipe import load_recipe
from n3cli.training.store import ImageStore
from n3cli.training.super_resolution import SuperResolution
from n3cli.training.validation import mean_psnr_enlarged

CPU = torch.device("cpu")
SCALES = (2, 3, 4)


def make_task(*changes, share=slice(None), validation=()):
    recipe = load_recipe("upscale-n3sr-color", ["data.crop=8", "data.batch=6", *changes])
    pixels = torch.from_numpy(np.random.default_rng(2).integers(0, 256, 40 * 48 * 3, np.uint8))
    store = ImageStore(
        pixels, torch.tensor([0]), torch.tensor([40]), torch.tensor([48]), 3, (Path("a"),)
    )
    return SuperResolution(recipe, Material(store, list(validation)), SCALES, CPU, lambda _: share)


def test_what_comes_in_is_what_should_come_out_reduced_to_8_bits():
    task, seen = make_task(), set()
    for step in range(30):
        (small, sigma, scale), clean = task.batch(step, 0)
        seen.add(scale)
        assert sigma is None
        assert small.shape == (6, 3, 8, 8)
        assert clean.shape == (6, 3, 8 * scale, 8 * scale)
        expected = (255 * resize(clean, 1 / scale)).round().clamp(0, 255) / 255
        torch.testing.assert_close(small, expected)
        assert small.is_contiguous(memory_format=torch.channels_last)
    assert seen == set(SCALES)


def test_a_batch_follows_from_seed_and_step_alone_and_shares_make_it_up():
    (small, _, scale), clean = make_task().batch(7, 0)
    for part in (slice(0, 3), slice(3, 6)):
        (own, _, own_scale), own_clean = make_task(share=part).batch(7, 0)
        assert own_scale == scale
        assert torch.equal(own, small[part])
        assert torch.equal(own_clean, clean[part])


def test_the_loss_is_charbonniers():
    output, target = torch.rand(2, 4, 3, 16, 16)
    expected = np.sqrt((output.double() - target.double()).numpy() ** 2 + 1e-6).mean()
    assert float(make_task().loss(output, target, (output, None, 1))) == pytest.approx(
        expected, rel=1e-5
    )


def test_a_loss_for_noise_levels_is_refused():
    with pytest.raises(ConfigError, match="weighted is only for denoising"):
        make_task("loss.kind=weighted")


def test_scores_are_the_fields():
    """Luma of the output against the luma of the original, without the border."""
    image = torch.rand(3, 30, 41)
    network = registry.build("n3sr", {"width": 4, "blocks": 1}).eval()  # bicubic, as it begins
    for scale in SCALES:
        height, width = 30 // scale * scale, 41 // scale * scale
        clean = image[:, :height, :width]
        small = resize((clean * 255).round().to(torch.uint8), 1 / scale).double() / 255
        large = resize(small, scale).clamp(0, 1)
        ours, theirs = (
            studio_luma(each.permute(1, 2, 0).numpy())[scale:-scale, scale:-scale]
            for each in (large, clean.double())
        )
        expected = -10 * np.log10(np.square(ours - theirs).mean())
        assert mean_psnr_enlarged(network, [image], scale, CPU) == pytest.approx(expected, abs=1e-3)
    assert list(make_task(validation=[image]).validate(network)) == ["psnrx2", "psnrx3", "psnrx4"]
    assert make_task().validate(network) == {}


def test_photos_are_degraded_before_they_are_enlarged():
    """The share that is not is reduced only, and what a process gets is a part of the whole."""
    changes = ["degradation.share=0.5", "degradation.noise=[8, 8]"]
    task, touched = make_task(*changes), []
    for step in range(20):
        (small, sigma, scale), clean = task.batch(step, 0)
        assert sigma is None
        assert torch.equal((small * 255).round() / 255, small)
        plain = (255 * resize(clean, 1 / scale)).round().clamp(0, 255) / 255
        changed = (small - plain).abs().amax((1, 2, 3)) > 1 / 254
        touched += changed.tolist()
        (part, _, _), _ = make_task(*changes, share=slice(2, 5)).batch(step, 0)
        assert torch.equal(part, small[2:5])
    assert 0.4 < np.mean(touched) < 0.6


def test_photo_models_are_judged_on_photos():
    image = torch.rand(3, 48, 48)
    network = registry.build("n3sr", {"width": 4, "blocks": 1}).eval()
    clean = make_task(validation=[image]).validate(network)
    photo = make_task("degradation.share=0.9", validation=[image]).validate(network)
    assert list(photo) == list(clean)
    assert photo["psnrx2"] != clean["psnrx2"]
    small = degrade_typically(image, 2, 0)
    assert photo["psnrx2"] == pytest.approx(
        mean_psnr_enlarged(network, [image], 2, CPU, lambda *_: small)
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("share=1.5", "degradation.share must be from 0 to 1"),
        ("blur=[2, 1]", "degradation.blur must be two numbers in order, from 0 to 8"),
        ("noise=[-1, 5]", "degradation.noise must be two numbers in order, from 0 to 255"),
        ("quality=[0, 50]", "degradation.quality must be two numbers in order, from 1 to 100"),
    ],
)
def test_degradations_without_meaning_are_refused(change, message):
    with pytest.raises(ConfigError, match=message):
        make_task(f"degradation.{change}")
