"""The task of judging correspondences: batches, loss, scores, runs and adoption."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from n3cli.cli.main import n3
from n3cli.data.simulated.scene import Scene
from n3cli.errors import ConfigError, ModelError, TrainingError
from n3cli.networks import registry
from n3cli.networks.set_network import SetNetwork
from n3cli.training import exam
from n3cli.training.adopt import judge
from n3cli.training.correspondences import (
    CorrespondenceJudging,
    balanced_cross_entropy,
    matrix_loss,
)
from n3cli.training.distributed import World
from n3cli.training.grow import grow
from n3cli.training.log import LOG_FILE, read_log
from n3cli.training.pair_validation import held_out_pairs, score_pairs
from n3cli.training.recipe import load_recipe
from n3cli.training.run import Place, run
from n3cli.zoo.folder import load_trained

CPU = torch.device("cpu")
ALONE = World()
SMALL = [
    "model.options={ inputs = 6, width = 16, blocks = 3, n3_after = '2', k = 3 }",
    "data.batch=4", "correspondences.points=64", "correspondences.pairs=10",
    "correspondences.validation_points=100", "schedule.minutes=0", "schedule.crops=80",
    "schedule.warmup=2", "run.log_steps=1", "run.ema=0.9",
]  # fmt: skip


def make_task(*changes, world=ALONE):
    recipe = load_recipe("match-n3cnet", [*SMALL, *changes])
    return CorrespondenceJudging(recipe, 6, CPU, world)


def test_a_batch_follows_from_seed_and_step_alone_and_shares_make_it_up():
    (columns,), truth = make_task().batch(3, 0)
    assert columns.shape == (4, 64, 6)
    assert truth.right.shape == (4, 64)
    torch.testing.assert_close(torch.linalg.matrix_norm(truth.matrix), torch.ones(4))
    for rank, part in enumerate((slice(0, 2), slice(2, 4))):
        (own,), own_truth = make_task(world=World(rank, 2)).batch(3, 0)
        assert torch.equal(own, columns[part])
        assert torch.equal(own_truth.right, truth.right[part])
    for other in (make_task().batch(4, 0), make_task("run.seed=1").batch(3, 0)):
        assert not torch.equal(other[0][0], columns)


def test_right_ones_obey_the_matrix():
    (columns,), truth = make_task().batch(0, 0)
    x0, x1 = (torch.cat([columns[..., part], torch.ones(4, 64, 1)], -1) for part in
              (slice(0, 2), slice(2, 4)))  # fmt: skip
    error = torch.einsum("bni,bij,bnj->bn", x1, truth.matrix, x0).abs()
    assert error[truth.right > 0].max() < 0.02
    assert error[truth.right == 0].mean() > 0.05


def test_cross_entropy_weighs_right_and_wrong_alike():
    rng = np.random.default_rng(0)
    logits, right = rng.normal(size=(3, 50)), rng.random((3, 50)) < 0.2
    right[2] = False
    losses = np.log1p(np.exp(-np.where(right, logits, -logits)))
    expected = [(losses[i][right[i]].mean() + losses[i][~right[i]].mean()) / 2 for i in (0, 1)] + [
        losses[2].mean()
    ]
    found = balanced_cross_entropy(torch.from_numpy(logits), torch.from_numpy(right).double())
    assert float(found) == pytest.approx(np.mean(expected))


def test_the_matrix_counts_after_the_part_of_the_run_that_is_asked_for():
    task = make_task("correspondences.essential_from=0.5")
    output = torch.randn(4, 64)
    for done, weight in ((0.49, 0.0), (0.5, 0.1)):
        inputs, truth = task.batch(0, done)
        plain = balanced_cross_entropy(output, truth.right)
        matrices = matrix_loss(inputs[0], output, truth.matrix)
        torch.testing.assert_close(task.loss(output, truth, inputs), plain + weight * matrices)


def test_the_true_labels_make_nearly_the_true_matrix():
    (columns,), truth = make_task("correspondences.points=500").batch(1, 1)
    knowing, guessing = 8 * (2 * truth.right - 1), torch.randn(4, 500)
    best = matrix_loss(columns, knowing, truth.matrix)
    torch.testing.assert_close(matrix_loss(columns, knowing, -truth.matrix), best)
    assert 0 <= best < 0.3 * matrix_loss(columns, guessing, truth.matrix)


class Oracle(SetNetwork):
    """Judges by the true distance, or by nothing."""

    def __init__(self, pairs: list[Scene], *, knows: bool) -> None:
        super().__init__()
        self.description = registry.build("cnet", {}).description
        self._pairs, self._knows = list(pairs), knows

    def forward(self, correspondences):
        right = torch.from_numpy(self._pairs.pop(0).right)[None]
        return 8.0 * (2 * right.float() - 1) * (1 if self._knows else -1)


def test_scores_tell_who_knows_from_who_does_not():
    pairs = held_out_pairs(12, 500)
    best = score_pairs(Oracle(pairs, knows=True), pairs, CPU)
    worst = score_pairs(Oracle(pairs, knows=False), pairs, CPU)
    assert best["f1"] == best["ap"] == 1
    assert best["map5"] > 0.5
    assert worst["f1"] == 0
    assert worst["map5"] < 0.3


def test_no_training_pair_is_held_out():
    again = held_out_pairs(3, 64)
    (columns,), _ = make_task().batch(0, 0)
    for pair in again:
        assert not any(np.array_equal(pair.points, own[:, :4]) for own in columns.numpy())
    np.testing.assert_array_equal(again[0].points, held_out_pairs(1, 64)[0].points)


def train(folder: Path, *changes: str, **where: str) -> Path:
    recipe = load_recipe("match-n3cnet", [*SMALL, *changes])
    model = run(recipe, Place(folder, **where), lambda event: None)
    assert model is not None
    return model


def test_a_run_goes_on_where_it_was(tmp_path: Path):
    changes = ["schedule.crops=12", "run.checkpoint_minutes=1e-9"]
    model = train(tmp_path / "run", *changes)
    expected = (model / "model.safetensors").read_bytes()
    sorted((tmp_path / "run").glob("checkpoint-*.pt"))[-1].write_bytes(b"")
    with pytest.warns(match="trying the one before it"):
        train(tmp_path / "run", *changes, resume="auto")
    assert (model / "model.safetensors").read_bytes() == expected


def test_a_run_learns_and_is_adopted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = train(tmp_path / "run", "schedule.crops=480", "optimiser.rate=0.01")
    events = read_log(tmp_path / "run" / LOG_FILE)
    losses = [event["loss"] for event in events if event["event"] == "step"]
    assert len(losses) == 120
    assert np.mean(losses[-20:]) < 0.9 * np.mean(losses[:10])
    first, *_, last = (event for event in events if event["event"] == "validation")
    assert last["ap"] > first["ap"] + 0.1
    assert "validation" in events[0]
    assert "pictures" not in events[0]
    card = (model / "README.md").read_text("utf-8")
    assert "| per cent | F1 | average precision | mAP5 |" in card
    assert "synthetic pairs of views alone" in card
    assert "480 pairs of 64 correspondences, 4 a step, in 120 steps" in card

    monkeypatch.setattr("n3cli.zoo.locate.BUNDLES", (tmp_path / "models",))
    monkeypatch.setattr(exam, "_PAIRS", 8)
    monkeypatch.setattr(exam, "_FEW", 4)
    monkeypatch.setattr(exam, "_POINTS", 200)
    (tmp_path / "models").mkdir()
    result = CliRunner().invoke(n3, ["models", "adopt", str(tmp_path / "run")])
    assert result.exit_code == 0, result.output
    adopted = tmp_path / "models" / "match-n3cnet"
    assert "| synthetic pairs |" in (adopted / "README.md").read_text("utf-8")
    with pytest.raises(ModelError, match="not better than the bundled match-n3cnet"):
        judge(tmp_path / "run", tmp_path / "scratch", None, lambda text: None)


def test_a_run_starts_from_other_weights(tmp_path: Path):
    start = train(tmp_path / "one", "schedule.crops=8")
    model = train(tmp_path / "two", "schedule.crops=8", f"model.init='{start}'")
    card = (model / "README.md").read_text("utf-8")
    assert f"Of the weights of {load_trained(start)[0].name}, which it started from" in card
    assert str(tmp_path) not in card
    _, network = load_trained(model)
    assert network.description.inputs == 6


def test_a_network_grows_by_columns_and_keeps_what_it_knows():
    start = registry.build("cnet", {"inputs": 4, "width": 8, "blocks": 2})
    large = registry.build("cnet", {"inputs": 6, "width": 8, "blocks": 2})
    grow(large, start)
    columns = torch.randn(2, 30, 6)
    with torch.no_grad():
        torch.testing.assert_close(large.eval()(columns), start.eval()(columns[..., :4]))


@pytest.mark.parametrize("change", ["data.sets=['bsds400']", None])
def test_data_that_nobody_would_look_at_is_refused(tmp_path: Path, change: str | None):
    recipe = load_recipe("match-n3cnet", [*SMALL, *([change] if change else [])])
    with pytest.raises(ConfigError, match="synthetic views"):
        run(recipe, Place(tmp_path / "x", None if change else tmp_path), lambda event: None)


def test_a_network_that_diverges_is_told_where_its_matrices_cannot_be_had_any_more(tmp_path: Path):
    harm = ["optimiser.kind=adam", "optimiser.rate=1e25", "optimiser.clip=0", "schedule.warmup=0"]
    late = ["correspondences.essential_from=0", "run.log_steps=100", "correspondences.pairs=0"]
    with pytest.raises(TrainingError, match="no longer finite"):
        train(tmp_path / "run", *harm, *late)
