"""CNet and N3-CNet: their size, and their output against plain float64 NumPy."""

import numpy as np
import pytest
import torch

from n3cli.errors import ConfigError
from n3cli.networks import registry
from n3cli.networks.cnet import correspondence_weight
from n3cli.networks.context_norm import ContextNorm, _NormaliseAndRectify
from n3cli.networks.fold import fold_batch_norm
from n3cli.networks.n3_set_branch import N3SetBranch
from n3cli.ops.n3 import aggregation_set
from n3cli.ops.n3.selection import select_relaxed
from n3cli.training.optimiser import split

SMALL = {"width": 12, "blocks": 3, "n3_after": "2", "k": 2}


@pytest.mark.parametrize(("name", "count"), [("cnet", 397_057), ("n3cnet", 498_885)])
def test_size_is_the_papers(name, count):
    network = registry.build(name, {})
    assert sum(parameter.numel() for parameter in network.parameters()) == count
    assert network.description.task == "match"
    assert network.description.columns == ("x0", "y0", "x1", "y1")


def settled(name="n3cnet", **options):
    """A network in evaluation mode whose batch norms have seen something."""
    torch.manual_seed(0)
    network = registry.build(name, options)
    for name, parameter in network.named_parameters():
        if name.split(".")[-2] in ("merge", "temperature"):  # else a branch would do nothing
            torch.nn.init.normal_(parameter, 2.0 * name.endswith("temperature.bias"), 0.05)
    for _ in range(3):
        network(torch.randn(4, 30, options.get("inputs", 4)) * 2 + 1)
    return network.eval()


class Plain:
    """The network in NumPy, from its weights by name."""

    def __init__(self, network):
        self.w = {name: value.double().numpy() for name, value in network.state_dict().items()}

    def linear(self, x, name):
        return x @ self.w[f"{name}.weight"].T + self.w[f"{name}.bias"]

    def norm(self, x, name):
        x = (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-3)
        return x / np.sqrt(self.w[f"{name}.running_var"] + 1e-5)

    def block(self, x, name):
        y = np.maximum(self.norm(self.linear(x, f"{name}.first"), f"{name}.norms.0"), 0)
        y = np.maximum(self.norm(self.linear(y, f"{name}.second"), f"{name}.norms.1"), 0)
        return y + (self.linear(x, f"{name}.adapt") if f"{name}.adapt.weight" in self.w else x)

    def residual(self, x, name):
        for layer in range(3):
            part = f"{name}.{layer}"
            y = self.linear(np.maximum(self.linear(x, f"{part}.first"), 0), f"{part}.second")
            x = y + (self.linear(x, f"{part}.adapt") if f"{part}.adapt.weight" in self.w else x)
        return x

    def n3(self, x, name, k):
        embedding = self.residual(x, f"{name}.embedding")
        inverse = self.residual(x, f"{name}.temperature")
        return np.hstack([x, *self.volumes(x, embedding, inverse, k)])

    def volumes(self, x, embedding, inverse, k):
        distance = ((embedding[:, None] - embedding) ** 2).sum(-1)
        logits = -distance * inverse
        np.fill_diagonal(logits, -np.inf)
        parts = []
        for _ in range(k):
            weight = np.exp(logits - logits.max(1, keepdims=True))
            weight /= weight.sum(1, keepdims=True)
            parts.append(weight @ x - x)
            logits = logits + np.log1p(-np.clip(weight, 1.2e-7, 1 - 1.2e-7))
        return parts

    def branch(self, x, name, k):
        features, embedding = np.split(self.linear(x, f"{name}.project"), 2, axis=1)
        embedding = embedding - embedding.mean(0)
        embedding /= np.sqrt((embedding**2).mean() + 1e-3)
        inverse = np.exp(-self.linear(x, f"{name}.temperature")) * 8 / embedding.shape[1]
        parts = self.volumes(features, embedding, inverse, k)
        return x + self.linear(np.hstack(parts), f"{name}.merge")

    def run(self, x, blocks, n3_after, k):
        y, place = self.linear(x, "head"), 0
        for number in range(1, blocks + 1):
            y, place = self.block(y, f"body.{place}"), place + 1
            if number in n3_after:
                block = self.branch if f"body.{place}.merge.bias" in self.w else self.n3
                y, place = block(y, f"body.{place}", k), place + 1
        return self.linear(y, "tail")[:, 0]


@pytest.mark.parametrize("block", ["narrow", "branch"])
@pytest.mark.parametrize("n3_after", [(), (2,), (3,), (1, 3)])
def test_output_is_the_formulas(n3_after, block):
    if n3_after:
        places = ",".join(map(str, n3_after))
        network = settled(**SMALL | {"n3_after": places, "block": block})
    else:
        network = settled("cnet", width=12, blocks=3)
    x = torch.randn(2, 25, 4)
    with torch.no_grad():
        ours = network(x).numpy()
    for sample, got in zip(x.double().numpy(), ours, strict=True):
        expected = Plain(network).run(sample, 3, n3_after, 2)
        np.testing.assert_allclose(got, expected, atol=2e-4)


def test_chunks_of_queries_do_not_show(monkeypatch):
    network, x = settled(**SMALL), torch.randn(2, 300, 4)
    with torch.no_grad():
        monkeypatch.setattr(aggregation_set, "CHUNK", 2 * 300 * 300)
        whole = network(x)
        for chunk in (1, 2 * 300 * 7, 2 * 300 * 299):
            monkeypatch.setattr(aggregation_set, "CHUNK", chunk)
            torch.testing.assert_close(network(x), whole, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("block", ["narrow", "branch"])
@pytest.mark.parametrize("shape", [(2, 300, 4), (1, 300, 4), (2, 1, 4), (1, 1, 4)])
def test_inference_in_place_is_the_same_and_leaves_its_input_alone(shape, block):
    network, x = settled(**SMALL | {"block": block}), torch.randn(shape)
    given = x.clone()
    with torch.no_grad():
        found = network(x)
    assert torch.equal(x, given)
    torch.testing.assert_close(found, network(x), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("block", ["narrow", "branch"])
def test_inference_under_autocast_is_the_same_with_and_without_gradients(block):
    network, x = settled(**SMALL | {"block": block}), torch.randn(2, 300, 4)
    given = x.clone()
    with torch.autocast("cpu", torch.bfloat16):
        with torch.no_grad():
            found = network(x)
        expected = network(x)
    assert torch.equal(x, given)
    assert found.dtype == torch.bfloat16
    assert torch.equal(found, expected)


@torch.no_grad()
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.half])
def test_weights_in_half_precision(dtype):
    network, x = settled(**SMALL | {"block": "branch"}), torch.randn(2, 300, 4)
    expected = network(x)
    found = network.to(dtype)(x.to(dtype))
    assert found.dtype == dtype
    near = 0.1 if dtype == torch.bfloat16 else 0.02
    torch.testing.assert_close(found.float(), expected, atol=near, rtol=near)


def test_where_memory_does_not_suffice_for_large_chunks_small_ones_are_taken(monkeypatch):
    items = torch.randn(2, 300, 3), torch.randn(2, 300, 4), torch.ones(2, 300)
    expected = aggregation_set.aggregate_set(*items, 2, select_relaxed)
    tried = []

    def select(logits, k):
        tried.append(logits.numel())
        if logits.numel() > most:
            raise torch.OutOfMemoryError("pretended")
        return select_relaxed(logits, k)

    monkeypatch.setattr(aggregation_set, "_TELLS", ("cpu",))
    monkeypatch.setattr(aggregation_set, "CHUNK", 2 * 300 * 50)
    most = 2 * 300 * 300
    torch.testing.assert_close(aggregation_set.aggregate_set(*items, 2, select), expected)
    assert tried == [most]
    tried.clear()
    most = 2 * 300 * 50
    torch.testing.assert_close(aggregation_set.aggregate_set(*items, 2, select), expected)
    assert tried == [2 * 300 * 300] + 6 * [most]
    most = 10
    with pytest.raises(torch.OutOfMemoryError):
        aggregation_set.aggregate_set(*items, 2, select)


def test_memory_does_not_grow_with_the_square_of_the_points():
    features, embedding = torch.randn(1, 10_000, 4), torch.randn(1, 10_000, 4)
    seen = []

    def select(logits, k):
        seen.append(logits.numel())
        return logits.softmax(-1).expand(k, *logits.shape)

    aggregation_set.aggregate_set(features, embedding, torch.ones(1, 10_000), 1, select)
    assert max(seen) * 4 <= 2**20
    assert sum(seen) == 10_000**2


def test_there_is_nothing_to_fold():
    network, x = settled(**SMALL), torch.randn(2, 30, 4)
    with torch.no_grad():
        assert torch.equal(fold_batch_norm(network)(x), network(x))


def test_the_order_of_correspondences_does_not_matter():
    network, x, order = settled(**SMALL), torch.randn(1, 40, 4), torch.randperm(40)
    with torch.no_grad():
        torch.testing.assert_close(network(x[:, order]), network(x)[:, order], atol=1e-4, rtol=1e-4)


def test_norm_is_a_batch_norm_of_what_context_normalisation_gives():
    norm, plain = ContextNorm(5).double(), torch.nn.BatchNorm1d(5, affine=False).double()
    ours = (torch.randn(6, 50, 5, dtype=torch.double) * 3 + 2).requires_grad_()
    theirs = ours.detach().clone().requires_grad_()
    weight = torch.randn_like(ours)

    def both(x):
        centred = x - x.mean(1, keepdim=True)
        normal = centred / (centred.square().mean(1, keepdim=True) + 1e-3).sqrt()
        return plain(normal.transpose(1, 2)).transpose(1, 2).relu()

    for _ in range(3):
        y, expected = norm(ours), both(theirs)
    torch.testing.assert_close(y, expected)
    for output in (y, expected):
        (output * weight).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad)
    torch.testing.assert_close(norm.running_var, plain.running_var)
    assert plain.running_mean.abs().max() < 1e-12
    norm.eval(), plain.eval()
    torch.testing.assert_close(norm(ours), both(theirs))


def test_gradient_of_the_norm_is_that_of_small_changes():
    # Variances near the epsilon, where the share of all sets in the factor counts.
    x = (torch.randn(3, 7, 2, dtype=torch.double) * 0.03).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: _NormaliseAndRectify.apply(x)[0], (x,))
    total = _NormaliseAndRectify.apply(x)[0].sum()
    with pytest.raises(NotImplementedError, match="no second derivative"):
        torch.autograd.grad(total, x, create_graph=True)


def test_few_points_and_side_information():
    network = settled(**SMALL, inputs=6)
    for count in (1, 2, 7):
        assert torch.isfinite(network(torch.randn(1, count, 6))).all()


@torch.no_grad()
def test_a_fresh_branch_adds_nothing_and_looks_at_some_tens():
    torch.manual_seed(0)
    branch = N3SetBranch(128, 16, 16, 4)
    x = torch.randn(2, 500, 128) * torch.rand(128)
    assert torch.equal(branch(x), x)
    _, embedding, log_temperature = branch.guide(x)
    assert not log_temperature.any()
    apart = torch.cdist(embedding, embedding).square()
    assert apart.mean() == pytest.approx(2 * 16, rel=0.02)
    logits = -branch.scale * apart - 1e9 * torch.eye(500)
    weight = logits.softmax(-1)
    effective = (-(weight * weight.clamp_min(1e-30).log()).sum(-1)).exp()
    assert 10 < effective.median() < 100


def test_the_temperature_of_a_branch_is_left_to_adam():
    """Steps of one size for all rows of a matrix make it one-hot within few hundred steps."""
    network = registry.build("n3cnet", SMALL | {"width": 32, "block": "branch"})
    matrices, _ = split(network)
    branch = network.body[2]
    assert any(each is branch.project.weight for each in matrices)
    assert not any(each is branch.temperature.weight for each in matrices)


@pytest.mark.parametrize("block", ["narrow", "branch"])
def test_gradients_reach_every_weight(block):
    network = registry.build("n3cnet", SMALL | {"block": block})
    for name, parameter in network.named_parameters():
        if name.endswith("merge.weight"):
            torch.nn.init.normal_(parameter, std=0.3)
    network(torch.randn(2, 30, 4)).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        # The last ReLU of the temperature has one plane, which may be dead; a normalisation takes
        # away what is the same for all points.
        if "temperature.2" not in name and not name.endswith("bias"):
            assert parameter.grad.abs().sum() > 0, name


def test_weights_are_between_0_and_1():
    logits = torch.tensor([-3.0, 0, 0.5, 30])
    expected = np.maximum(np.tanh(logits.numpy()), 0)
    np.testing.assert_allclose(correspondence_weight(logits).numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n3_after": "13"}, "n3_after must be from 1 to 12"),
        ({"n3_after": "0"}, "n3_after takes whole numbers"),
        ({"width": 30}, "must divide the width"),
        ({"block": "wide"}, "block must be narrow or branch"),
        ({"inputs": 5}, "inputs must be 4"),
    ],
)
def test_forms_that_cannot_be(options, message):
    with pytest.raises(ConfigError, match=message):
        registry.build("n3cnet", options)


@pytest.mark.parametrize("shape", [(30, 4), (1, 30, 6), (1, 0, 4)])
def test_what_is_no_set_is_refused(shape):
    with pytest.raises(ValueError, match="expected B×N×4"):
        settled(**SMALL)(torch.zeros(shape))
