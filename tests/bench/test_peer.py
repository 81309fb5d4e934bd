"""Other people's denoisers: they take away noise, keep the shape, and are missed clearly."""

import builtins

import numpy as np
import pytest

from n3cli.bench.peer import PEERS, check_models, make_peer, make_peers
from n3cli.bench.protocol import make_noisy, score
from n3cli.bench.task import DENOISE, REAL, UPSCALE
from n3cli.errors import ConfigError


def picture(channels):
    """Smooth shading with an edge, H×W×channels in [0, 1]."""
    y, x = np.mgrid[:48, :56] / 56
    planes = [0.2 + 0.4 * (x > 0.5) + 0.3 * y * (c + 1) / channels for c in range(channels)]
    return np.stack(planes, axis=-1).astype(np.float32)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("sigma", [15.0, 50.0])
@pytest.mark.parametrize("name", [name for name in PEERS if name not in ("bicubic", "noisy")])
def test_peers_take_away_noise(name, sigma, channels):
    if name == "bm3d":
        pytest.importorskip("bm3d", reason="bm3d is not installed, because of its terms")
    clean = picture(channels)
    noisy = make_noisy(clean, sigma, 0)
    estimate = make_peer(name).run(noisy, sigma)
    assert estimate.shape == clean.shape
    assert estimate.dtype == np.float32
    assert score(estimate, clean).psnr > score(noisy, clean).psnr + 3


def test_an_unknown_peer_names_the_known_ones():
    with pytest.raises(ConfigError, match="bm3d, nlm, nlm-opencv, tv, wavelet"):
        make_peers(["bm4d"], [DENOISE])


def test_a_network_is_measured_with_m():
    with pytest.raises(ConfigError, match="ffdnet is a network; give a model of it with -m"):
        make_peers(["ffdnet"], [DENOISE])


def test_a_peer_is_no_model():
    with pytest.raises(ConfigError, match=r"bicubic is not a model; .* --against bicubic"):
        check_models(["n3sr", "bicubic"])
    check_models(["n3sr", "photo"])


@pytest.mark.parametrize(("name", "task"), [("bicubic", DENOISE), ("tv", UPSCALE)])
def test_a_peer_for_another_task_is_refused(name, task):
    with pytest.raises(ConfigError, match=f"{name} is for"):
        make_peers([name], [task])


def test_bicubic_is_the_baseline_of_enlarging():
    found = make_peers(["tv"], [DENOISE, UPSCALE])
    assert [[method.name for method in own] for own in found] == [["tv"], ["bicubic"]]


def test_real_noise_has_what_is_given_as_its_baseline():
    found = make_peers(["tv"], [REAL, DENOISE])
    assert [[method.name for method in own] for own in found] == [["tv", "noisy"], ["tv"]]
    given = picture(3)
    assert found[0][1].run(given, 25) is given


def test_without_scikit_image_the_extra_is_named(monkeypatch):
    original = builtins.__import__

    def absent(name, *args, **kwargs):
        if name.startswith("skimage"):
            raise ModuleNotFoundError("No module named 'skimage'")
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(ConfigError, match=r"pip install 'n3cli\[bench\]'"):
        make_peer("nlm")
