"""Crops: what numpy cuts, turns and flips, drawn by seed and step alone."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from n3cli.training.crop import CropSampler
from n3cli.training.store import ImageStore

SIZES = [(12, 20), (9, 9), (31, 10)]


def make_store(channels, sizes=SIZES):
    """Pictures of random bytes, with a gap before each as pictures that were left out leave it."""
    random = np.random.default_rng(5)
    images = [random.integers(0, 256, (*size, channels)).astype(np.uint8) for size in sizes]
    parts, offsets, end = [], [], 0
    for number, image in enumerate(images):
        gap = np.full(number * 4 * channels, 255, np.uint8)
        offsets.append(end + gap.size)
        parts += [gap, image.ravel()]
        end += gap.size + image.size
    heights, widths = torch.tensor(sizes).T
    pixels = torch.from_numpy(np.concatenate(parts))
    names = tuple(Path(str(number)) for number in range(len(sizes)))
    return ImageStore(pixels, torch.tensor(offsets), heights, widths, channels, names), images


@pytest.mark.parametrize("channels", [1, 3])
def test_crops_are_what_numpy_cuts_turns_and_flips(channels):
    store, images = make_store(channels)
    sampler = CropSampler(store, 8, batch=40, seed=3, area_power=0.5)
    seen = set()
    for step in range(3):
        crops = sampler.crops(step)
        assert crops.shape == (40, channels, 8, 8)
        assert crops.dtype == torch.float32
        assert crops.is_contiguous(memory_format=torch.channels_last)
        for crop, image, top, left, symmetry in zip(crops, *sampler.draw(step), strict=True):
            cut = images[image][top : top + 8, left : left + 8]
            mirrored = cut[:, ::-1] if symmetry >= 4 else cut
            expected = np.rot90(mirrored, symmetry % 4).astype(np.float32) / np.float32(255)
            np.testing.assert_array_equal(crop.permute(1, 2, 0), expected)
            seen.add(int(symmetry))
    assert seen == set(range(8))


def test_a_picture_as_small_as_the_crop_is_seen_in_all_eight_symmetries():
    store, (image,) = make_store(1, [(5, 5)])
    crops = CropSampler(store, 5, batch=200, seed=0).crops(0)
    found = {crop.numpy().tobytes() for crop in crops}
    square = image[..., 0].astype(np.float32) / np.float32(255)
    expected = {np.rot90(s, k).tobytes() for s in (square, square.T) for k in range(4)}
    assert len(expected) == 8
    assert found == expected


@settings(max_examples=30)
@given(
    st.integers(0, 2**63),
    st.integers(0, 10**7),
    st.slices(12),
    st.integers(1, 9),
)
def test_any_part_is_that_part_of_the_whole(seed, step, part, crop):
    store, _ = make_store(3)
    sampler, again = (CropSampler(store, crop, batch=12, seed=seed) for _ in range(2))
    whole = again.crops(step).numpy()
    np.testing.assert_array_equal(sampler.crops(step, part), whole[part])


def test_seed_and_step_decide():
    store, _ = make_store(1)
    sampler = CropSampler(store, 4, batch=16, seed=1)
    first = sampler.crops(7)
    assert torch.equal(sampler.crops(7), first)
    assert not torch.equal(sampler.crops(8), first)
    assert not torch.equal(CropSampler(store, 4, batch=16, seed=2).crops(7), first)


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_pictures_are_drawn_by_a_power_of_their_area(power):
    store, _ = make_store(1)
    draws = 20_000
    image = CropSampler(store, 9, draws, seed=0, area_power=power).draw(0).image
    weights = np.prod(SIZES, axis=1) ** power
    expected = draws * weights / weights.sum()
    found = np.bincount(image, minlength=3)
    assert ((found - expected) ** 2 / expected).sum() < 13.8  # χ², 2 degrees, p = 0.001


def test_places_and_symmetries_are_equally_likely():
    store, _ = make_store(1, [(11, 14)])
    draws = 40_000
    draw = CropSampler(store, 9, draws, seed=0).draw(0)
    cells = np.ravel_multi_index((draw.top, draw.left, draw.symmetry), (3, 6, 8))
    found = np.bincount(cells, minlength=144)
    expected = draws / 144
    assert ((found - expected) ** 2 / expected).sum() < 199  # χ², 143 degrees, p = 0.001


def test_pictures_smaller_than_the_crop_are_refused():
    store, _ = make_store(1)
    with pytest.raises(ValueError, match="smaller than a crop of 10"):
        CropSampler(store, 10, batch=1, seed=0)
