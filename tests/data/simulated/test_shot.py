"""What a sensor makes of a picture: light, noise and storage, against NumPy and Poisson's law."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from n3cli.data.simulated.development import Development
from n3cli.data.simulated.shot import CAMERAS, Shot, by_chance, expose, see_light
from n3cli.ops.mosaic.layout import BAYER, sites


def a_shot(count=1, a=1e-3, b=1e-6, step=2.0**-20):
    return Shot(
        tone=torch.full((count,), 2.2),
        to_camera=CAMERAS[:count],
        sensitivity=torch.tensor([[0.4, 0.8, 0.5]]).expand(count, 3),
        layout=torch.from_numpy(BAYER[:count]),
        a=torch.full((count, 3), a),
        b=torch.full((count, 3), b),
        floor=torch.full((count,), -1.0),
        step=torch.full((count,), step),
    )


def test_cameras_keep_white_and_tell_colours_apart():
    torch.testing.assert_close(CAMERAS.sum(-1), torch.ones(len(CAMERAS), 3))
    assert (torch.linalg.det(CAMERAS.double()) > 0.05).all()
    assert (CAMERAS.diagonal(dim1=1, dim2=2) > 0.4).all()


def test_light_is_numpys():
    pictures, shot = torch.rand(3, 3, 12, 16), a_shot(3)
    shot = replace(shot, sensitivity=2 * shot.sensitivity)  # beyond what a sensor holds
    light = pictures.double().numpy() ** 2.2
    light = light.reshape(3, 3, 6, 2, 8, 2).mean((3, 5))
    seen = np.einsum("bij,bjhw->bihw", shot.to_camera.numpy(), light)
    seen *= shot.sensitivity.numpy()[:, :, None, None]
    assert seen.max() > 1
    np.testing.assert_allclose(see_light(pictures, shot).numpy(), seen.clip(0), atol=1e-5)


@pytest.mark.parametrize("mean", [0.01, 0.05, 0.3, 1.0, 4.0, 50.0])
def test_photons_come_as_poissons_do(mean):
    normal = torch.randn(2_000_000, generator=torch.Generator().manual_seed(0)).double()
    found = by_chance(torch.full_like(normal, mean), normal).numpy()
    error = 1 / len(found) ** 0.5
    assert abs(found.mean()) < 5 * mean**0.5 * error
    assert found.var() == pytest.approx(mean, rel=0.02)
    third = mean - 1 / 54 if mean >= 1 / 18 else 8**0.5 * mean**1.5
    assert (found**3).mean() == pytest.approx(third, rel=0.1)


@pytest.mark.parametrize("value", [0.0, 0.002, 0.3])
def test_noise_is_the_models(value):
    count = 300
    where = sites(torch.from_numpy(BAYER[:1]), count, count)
    shot = replace(a_shot(a=4e-3, b=2e-5), a=torch.tensor([[2e-3, 4e-3, 8e-3]]))
    normal = torch.randn(1, 2, count, count, generator=torch.Generator().manual_seed(1))
    stored = expose(torch.full((1, 1, count, count), value), where, shot, normal)[0, 0]
    for colour in range(3):
        values = stored[where[0, colour] > 0].double()
        variance = float(shot.a[0, colour]) * value + 2e-5
        assert float(values.mean()) == pytest.approx(value, abs=5 * (variance / len(values)) ** 0.5)
        assert float(values.var()) == pytest.approx(variance, rel=0.05)


def test_what_is_stored_is_rounded_and_clipped():
    where = sites(torch.from_numpy(BAYER[:1]), 60, 60)
    shot = replace(a_shot(b=0.04, step=2.0**-10), floor=torch.tensor([-0.03125]))
    normal = torch.randn(1, 2, 60, 60)
    stored = expose(torch.rand(1, 1, 60, 60), where, shot, normal)
    assert (float(stored.min()), float(stored.max())) == (-0.03125, 1)
    assert torch.equal((stored * 1024).round() / 1024, stored)


def test_development_leads_light_back_to_the_picture():
    """Where it is smooth and nothing is clipped, for demosaicing is no inverse."""
    rows, columns = torch.meshgrid(torch.arange(48.0), torch.arange(64.0), indexing="ij")
    wave = 0.5 + 0.2 * torch.sin(rows / 25) * torch.cos(columns / 30)
    pictures = torch.stack([wave, 0.9 * wave, 0.8 * wave + 0.1])[None].expand(3, -1, -1, -1)
    shot = a_shot(3)
    where = sites(shot.layout, 24, 32)
    mosaic = (see_light(pictures, shot) * where).sum(1, keepdim=True)
    for sharpness in (0.0, 1.0):
        found = Development(torch.device("cpu")).apply(
            mosaic, where, shot, torch.full((3,), sharpness)
        )
        expected = torch.nn.functional.avg_pool2d(pictures, 2)
        inner = (..., slice(2, -2), slice(2, -2))
        torch.testing.assert_close(found[inner], expected[inner], atol=4e-3, rtol=0)


def test_what_is_overexposed_is_white_whatever_the_noise():
    """Light is cut off behind its noise: were it before, half of the sites would be below white."""
    shot = replace(a_shot(a=0.01, b=1e-4), sensitivity=torch.full((1, 3), 1.6))
    where = sites(shot.layout, 200, 200)
    light = (see_light(torch.ones(1, 3, 400, 400), shot) * where).sum(1, keepdim=True)
    normal = torch.randn(1, 2, 200, 200, generator=torch.Generator().manual_seed(2))
    assert float((expose(light, where, shot, normal) == 1).float().mean()) > 0.999


@pytest.mark.parametrize("exposure", [0.5, 1.0, 1.5])
@pytest.mark.parametrize("balance", [(2.0, 1.0, 1.6), (0.8, 1.0, 1.6)])
def test_highlights_have_no_tint(exposure, balance):
    """Grey from black to white: what is too bright for one colour is white in all."""
    ramp = torch.linspace(0, 1, 128).expand(1, 3, 64, 128)
    shot = replace(a_shot(), sensitivity=exposure / torch.tensor([balance]))
    where = sites(shot.layout, 32, 64)
    light = see_light(ramp, shot)
    mosaic = (light * where).sum(1, keepdim=True).clamp_max(1)
    found = Development(torch.device("cpu")).apply(mosaic, where, shot, torch.zeros(1))
    brightest = exposure / min(balance)
    grey = torch.nn.functional.avg_pool2d(ramp**2.2, 2) * max(1.0, brightest)
    inner = (..., slice(2, -2), slice(2, -2))
    torch.testing.assert_close(
        found[inner], grey[inner].clamp(0, 1) ** (1 / 2.2), atol=0.02, rtol=0
    )
