"""JPEG's loss on tensors against libjpeg's files."""

import numpy as np
import pytest
import torch

from n3cli.io.recompress import recompress
from n3cli.ops.jpeg import Jpeg


def scene(height, width, seed=0):
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width] / 9
    waves = [np.sin(a * rows + b * columns) for a, b in rng.uniform(0.3, 2, (3, 2))]
    values = 128 + 70 * np.stack(waves, 2) + rng.normal(0, 8, (height, width, 3))
    return np.clip(values, 0, 255).round().astype(np.uint8)


def drawing(height, width):
    """Strokes in black and full red on white: JPEG overshoots at each of their edges."""
    rows, columns = np.mgrid[:height, :width]
    page = np.full((height, width, 3), 255, np.uint8)
    page[(rows + 2 * columns) % 23 < 4] = 0
    page[(3 * rows - columns) % 41 < 5, 1:] = 0
    return page


@pytest.mark.parametrize("halved", [False, True])
@pytest.mark.parametrize("quality", [20, 50, 75, 95])
@pytest.mark.parametrize(("draw", "most"), [(scene, 1.5), (drawing, 3)])
def test_losses_are_libjpegs(draw, most, quality, halved):
    picture = draw(64, 80)
    expected = recompress(picture, quality, halve_chroma=halved).astype(float)
    pixels = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
    found = Jpeg(torch.device("cpu")).apply(
        pixels, torch.tensor([quality]), torch.tensor([halved]), (0, 0)
    )
    ours = found[0].permute(1, 2, 0).numpy() * 255
    # libjpeg computes in whole numbers, so some coefficients are rounded the other way.
    assert np.square(ours - expected).mean() ** 0.5 < most
    loss, known = (np.square(each - picture).mean() ** 0.5 for each in (ours, expected))
    assert loss == pytest.approx(known, rel=0.01)
    np.testing.assert_allclose(ours, ours.round(), atol=1e-3)


def test_pictures_of_a_batch_have_their_own_quality_and_corner():
    jpeg = Jpeg(torch.device("cpu"))
    large = torch.from_numpy(scene(48, 64)).permute(2, 0, 1)[None].float() / 255
    quality, halved = torch.tensor([30, 90]), torch.tensor([True, False])
    both = jpeg.apply(large.expand(2, -1, -1, -1), quality, halved, (0, 0))
    for index in range(2):
        part = slice(index, index + 1)
        alone = jpeg.apply(large, quality[part], halved[part], (0, 0))
        torch.testing.assert_close(both[part], alone)
    # Blocks that lie wholly inside are the same wherever the picture begins.
    cut = jpeg.apply(large[..., 5:, 3:], quality[1:], halved[1:], (5, 3))
    torch.testing.assert_close(cut[..., 3:, 5:], both[1:, :, 8:, 8:])


def test_colour_is_halved_alone_where_that_is_asked_for():
    jpeg = Jpeg(torch.device("cpu"))
    pixels = torch.from_numpy(scene(21, 26)).permute(2, 0, 1)[None].float() / 255
    both = jpeg.halve_colour(pixels.expand(2, -1, -1, -1), torch.tensor([True, False]), (3, 5))
    assert torch.equal(both[1:], pixels)
    # The finest steps of JPEG round next to nothing, and what is left is the halving.
    packed = jpeg.apply(pixels, torch.tensor([100]), torch.tensor([True]), (3, 5))
    assert float((both[:1] - packed).abs().max()) < 5 / 255
    grey = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    kept = (pixels > 0.1).all(1) & (pixels < 0.9).all(1)
    change = ((both[:1] - pixels) * grey).sum(1)[kept]
    assert float(change.abs().max()) < 1e-2
