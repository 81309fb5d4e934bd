"""What a CUDA device gives against what the CPU gives. Skipped where there is none."""

from __future__ import annotations

import copy
import warnings

import numpy as np
import pytest
import torch
from reference import two_views

import n3cli
from n3cli.errors import N3Warning
from n3cli.inference.compute import Compute
from n3cli.inference.denoiser import Denoiser
from n3cli.networks import registry
from n3cli.networks.cnet import N3CNet
from n3cli.networks.n3sr import N3SR
from n3cli.networks.n3unet import N3UNet
from n3cli.networks.network import Network
from n3cli.ops.n3.selection import SELECTION_RULES
from n3cli.ops.precision import float32_as
from n3cli.ops.resize import resize
from n3cli.ops.row_source import ArraySource
from n3cli.training.graph import Graphed
from n3cli.training.log import LOG_FILE, read_log
from n3cli.training.muon import Muon
from n3cli.training.precision import judging, to_judge
from n3cli.training.recipe import load_recipe
from n3cli.training.run import Place, run
from n3cli.training.validation import mean_psnr_enlarged

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="needs an NVIDIA GPU and a torch built for it"
)


def picture(height, width, channels, sigma=25.0):
    rows, columns = np.mgrid[:height, :width] / 9.0
    planes = [0.5 + 0.35 * np.sin(rows * (c + 1) + columns) for c in range(channels)]
    noise = np.random.default_rng(0).normal(0, sigma / 255, (height, width, channels))
    return (np.stack(planes, -1) + noise).astype(np.float32)


def moved(network, seed=0):
    """Weights that are not zero anywhere, so that every layer counts."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.02 * torch.randn(parameter.shape, generator=generator))
    return network


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("model", ["n3unet", "n3net"])
def test_denoising(channels, model):
    name = f"denoise-{model}-{'gray' if channels == 1 else 'color'}"
    image = picture(150, 201, channels)
    cpu, gpu = (
        n3cli.denoise(image, 25, model=name, device=device, precision="fp32")
        for device in ("cpu", "cuda")
    )
    assert np.sqrt(np.square(gpu - cpu).mean()) < (1e-4 if model == "n3unet" else 5e-4)
    # Two patches may be as near as each other, but for rounding: there the choice may differ.
    np.testing.assert_allclose(gpu, cpu, atol=1e-3 if model == "n3unet" else 2e-2)


def test_a_tensor_comes_back_on_its_device():
    image = picture(40, 60, 3)
    for make in (lambda x: n3cli.denoise(x, 25), lambda x: n3cli.upscale(x, 2)):
        made = make(torch.from_numpy(image).cuda())
        assert made.is_cuda
        np.testing.assert_allclose(made.cpu().numpy(), make(image), atol=1e-6)


def test_denoising_in_half_precision():
    image = picture(200, 200, 3)
    exact, rounded = (
        n3cli.denoise(image, 25, device="cuda", precision=p) for p in ("fp32", "bf16")
    )
    assert np.sqrt(np.square(exact - rounded).mean()) < 1 / 255


def test_tiles_are_exact():
    image = picture(420, 380, 3)
    whole, tiled = (
        n3cli.denoise(image, 25, device="cuda", precision="fp32", tile=tile)
        for tile in ("off", 192)
    )
    np.testing.assert_allclose(tiled, whole, atol=1e-4)


def test_rows_are_streamed():
    image = picture(700, 300, 1)
    denoiser = Denoiser(compute=Compute(device="cuda", precision="fp32", tile=256))
    rows = np.concatenate(list(denoiser.rows(ArraySource(image), sigma=25)))
    np.testing.assert_allclose(rows, n3cli.denoise(image, 25, device="cpu"), atol=2e-4)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_enlarging(scale):
    image = picture(50, 61, 3, sigma=0)
    cpu, gpu = (
        n3cli.upscale(image, scale, device=device, precision="fp32") for device in ("cpu", "cuda")
    )
    np.testing.assert_allclose(gpu, cpu, atol=2e-4)


@pytest.mark.parametrize("model", ["match-cnet", "match-n3cnet-flags"])
def test_correspondences(model):
    network = n3cli.load_model(model, task="match").network
    inputs = 4 if model == "match-cnet" else 6
    _, _, first, second = two_views.scene(count=300)
    points = np.concatenate([first, second, np.full((300, 2), 0.7)], 1)[:, :inputs]
    x = torch.from_numpy(points).float()[None]
    with torch.inference_mode():
        torch.testing.assert_close(
            network.cuda()(x.cuda()).cpu(), network.cpu()(x), atol=2e-2, rtol=1e-3
        )


@pytest.mark.parametrize("name", ["relaxed", "hard"])
def test_selection(name):
    logits = -50 * torch.rand(20, 81)
    cpu, gpu = (SELECTION_RULES[name](x, 7).cpu() for x in (logits, logits.cuda()))
    torch.testing.assert_close(gpu, cpu, atol=2e-5, rtol=1e-3)


NETWORKS = {
    "n3unet": (lambda: N3UNet(1, "16,16,16", "1,1,1", "1"), (0.1,), 1),
    "n3sr": (lambda: N3SR(1, 16, 1), (None, 3), 1),
    "n3cnet": (lambda: N3CNet(blocks=3, width=32, n3_after="2"), (), 0),
}


@pytest.mark.parametrize("kind", NETWORKS)
def test_gradients_through_a_graph(kind):
    """Two batches through one graph give what they give without it."""
    make, more, planes = NETWORKS[kind]
    network = moved(make()).cuda().train()
    networks = [network, copy.deepcopy(network)]
    calls = [networks[0], Graphed(networks[1])]
    for seed in range(2):
        generator = torch.Generator().manual_seed(seed)
        shape = (2, 1, 48, 48) if planes else (2, 60, 4)
        x = torch.rand(shape, generator=generator).cuda()
        rest = [torch.full((2,), v).cuda() if isinstance(v, float) else v for v in more]
        for network, call in zip(networks, calls, strict=True):
            network.zero_grad(set_to_none=True)
            call(x, *rest).square().mean().backward()
        for plain, graphed in zip(*(n.named_parameters() for n in networks), strict=True):
            assert (plain[1].grad is None) == (graphed[1].grad is None), plain[0]
            if plain[1].grad is not None:
                size = float(plain[1].grad.abs().max())
                torch.testing.assert_close(
                    graphed[1].grad, plain[1].grad, atol=1e-4 * size, rtol=1e-3
                )
    for plain, graphed in zip(*(n.buffers() for n in networks), strict=True):
        torch.testing.assert_close(graphed, plain)


def test_where_recording_fails_the_stream_is_as_before():
    class Waiting(torch.nn.Linear):
        def forward(self, x):
            return super().forward(x) * float(x.sum())  # waits for the device

    network, x = Waiting(8, 8).cuda(), torch.rand(2, 8, device="cuda")
    before = torch.cuda.current_stream()
    with pytest.warns(N3Warning, match="cannot be recorded as CUDA graphs"):
        found = Graphed(network)(x)
    assert torch.cuda.current_stream() == before
    torch.testing.assert_close(found, network(x))


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two GPUs")
def test_a_graph_is_recorded_on_the_gpu_of_its_network():
    network = moved(N3SR(1, 16, 1)).to("cuda:1").train()
    recorded = Graphed(network)
    assert torch.cuda.current_device() == 0
    for seed in range(2):  # what is played back the second time follows from the new input
        small = torch.rand(2, 1, 24, 24, generator=torch.Generator().manual_seed(seed)).to("cuda:1")
        torch.testing.assert_close(
            recorded(small, None, 2), network(small, None, 2), atol=1e-4, rtol=1e-3
        )


def test_pairs_made_ahead_do_not_disturb_the_recording(tmp_path):
    changes = (
        "model.options={ inputs = 4, width = 8, blocks = 1 }", "data.batch=4",
        "correspondences.points=32", "correspondences.pairs=0", "correspondences.workers=2",
        "schedule.minutes=0", "schedule.crops=40", "schedule.warmup=2", "run.cuda_graphs=true",
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error", N3Warning)
        run(load_recipe("match-cnet", changes), Place(tmp_path / "run", device="cuda"), print)


def test_muon_is_exact_beside_half_precision():
    weights = [
        torch.nn.Parameter(torch.zeros(32, 288, device=device)) for device in ("cpu", "cuda")
    ]
    spread = torch.logspace(0, -4, 32)[:, None] * torch.linalg.qr(torch.randn(288, 288))[0][:32]
    for weight in weights:
        weight.grad = spread.to(weight.device)
        with float32_as(torch.bfloat16, weight.device):
            Muon([weight], rate=1.0, momentum=0.9).step()
    torch.testing.assert_close(weights[1].cpu(), weights[0], atol=2e-3, rtol=0)


def test_what_a_graph_reads_is_not_freed():
    """The matrices of a resize, which the network's base is made with, are cached for few sizes."""
    network = moved(N3SR(1, 16, 1)).cuda().train()
    recorded = Graphed(network)
    small = torch.rand(2, 1, 24, 24, device="cuda")
    expected = recorded(small, None, 2).detach().clone()
    for length in range(30, 50):
        resize(torch.rand(1, 1, length, length, device="cuda"), 2)
    rubbish = [torch.full((n,), 7.0, device="cuda") for n in range(1, 4000, 7)]
    torch.testing.assert_close(recorded(small, None, 2), expected)
    del rubbish


def test_crops_that_are_padded_can_be_recorded():
    network = moved(N3UNet(1, "16,16,16", "1,1,1", "1")).cuda().train()
    recorded = Graphed(network)
    crops, sigma = torch.rand(2, 1, 50, 50, device="cuda"), torch.full((2,), 0.1, device="cuda")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = recorded(crops, sigma)
    torch.testing.assert_close(found, network(crops, sigma), atol=1e-4, rtol=1e-3)


def test_the_setting_of_products_is_put_back():
    before = torch.backends.cuda.matmul.fp32_precision
    n3cli.denoise(picture(32, 32, 1), 25, device="cuda", precision="bf16")
    assert torch.backends.cuda.matmul.fp32_precision == before


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_run_learns_and_goes_on(tmp_path, precision):
    for index in range(4):
        pixels = (picture(64, 80, 1, 0).clip(0, 1) * 255).astype(np.uint8)
        (tmp_path / f"{index}.pgm").write_bytes(b"P5 80 64 255\n" + pixels.tobytes())
    changes = (
        "data.sets=[]", 'model.init=""',
        "model.options={channels=1,widths='16,16,16',blocks='1,1,1'}",
        "data.crop=32", "validation.images=held-out", "schedule.minutes=0", "run.log_steps=10",
        f"run.precision={precision}",
    )  # fmt: skip
    place = Place(tmp_path / "run", tmp_path, device="cuda")
    run(load_recipe("denoise-n3unet-gray", (*changes, "schedule.crops=800")), place, print)
    events = read_log(tmp_path / "run" / LOG_FILE)
    before, after = (event["psnr25"] for event in events if event["event"] == "validation")
    assert after > before + 1


def test_a_network_in_training_is_judged_as_on_the_cpu():
    network = moved(registry.build("vdsr", {"depth": 4, "features": 16})).eval()
    images = [torch.from_numpy(picture(96, 90 + i, 1, 0)).permute(2, 0, 1) for i in range(2)]
    expected = mean_psnr_enlarged(network, images, 3, torch.device("cpu"))
    device = torch.device("cuda")
    network.to(device, memory_format=torch.channels_last)
    with judging(device):
        found = mean_psnr_enlarged(to_judge(network, device), images, 3, device)
    assert found == pytest.approx(expected, abs=1e-3)


def test_a_network_is_left_on_its_device():
    network = n3cli.load_model("denoise-n3unet-gray").network
    assert isinstance(network, Network)
    n3cli.denoise(picture(32, 32, 1), 25, device="cuda")
    assert next(network.parameters()).device.type == "cpu"
