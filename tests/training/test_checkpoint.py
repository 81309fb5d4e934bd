"""Checkpoints: whole or passed over, whatever happens to their files."""

import copy
import signal
import warnings
import zipfile
from contextlib import contextmanager

import pytest
import torch
from torch import nn

from n3cli.errors import ConfigError, InputError, N3Warning
from n3cli.training.checkpoint import (
    Checkpoint,
    find_checkpoint,
    has_checkpoint,
    load_checkpoint,
    resumed,
    save_checkpoint,
)
from n3cli.training.config import OptimiserSettings
from n3cli.training.optimiser import Optimiser


def make_checkpoint(step):
    planes = 9
    network = nn.Sequential(nn.Conv2d(planes, planes, 3, bias=False), nn.BatchNorm2d(planes))
    network.to(memory_format=torch.channels_last)
    optimiser = Optimiser(network, OptimiserSettings(), torch.device("cpu"))
    scaler = torch.amp.GradScaler("cpu")
    scaler.scale(network(torch.randn(2, planes, 4, 4)).square().mean()).backward()
    optimiser.step(0.3, scaler)
    state = copy.deepcopy(network.state_dict())
    return Checkpoint(
        recipe="[model]\nname = 'é'\n",
        step=step,
        crops=8 * step,
        seconds=1 / 3,
        network=state,
        average={key: value / 3 for key, value in state.items()},
        optimiser=optimiser.state_dict(),
        scaler=scaler.state_dict(),
        before={"psnr25": 20.5},
        material="abc",
    )


def same(a, b):
    """Whether two states agree in every bit, type and memory order."""
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b) and a.dtype == b.dtype and a.stride() == b.stride()
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_it_comes_back_bit_for_bit(tmp_path):
    checkpoint = make_checkpoint(12)
    path = save_checkpoint(tmp_path, checkpoint)
    assert same(vars(load_checkpoint(path)), vars(checkpoint))
    for where in (path, tmp_path):
        assert resumed(where).step == 12


def test_two_are_kept(tmp_path):
    assert not has_checkpoint(tmp_path)
    assert find_checkpoint(tmp_path) is None
    for step in (7, 80, 80, 900, 1000):
        save_checkpoint(tmp_path, make_checkpoint(step))
        assert has_checkpoint(tmp_path)
        assert find_checkpoint(tmp_path).step == step
    assert names(tmp_path) == ["checkpoint-000000900.pt", "checkpoint-000001000.pt"]


def test_a_run_taken_back_drops_the_checkpoints_that_it_went_back_from(tmp_path):
    for step in (20, 30):
        save_checkpoint(tmp_path, make_checkpoint(step))
    path = save_checkpoint(tmp_path, make_checkpoint(15))
    assert names(tmp_path) == [path.name]


def test_any_flipped_byte_is_found_or_harmless(tmp_path):
    checkpoint = make_checkpoint(5)
    path = save_checkpoint(tmp_path, checkpoint)
    whole = path.read_bytes()
    refused = 0
    for place in range(0, len(whole), 23):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        try:
            found = load_checkpoint(path)
        except InputError:
            refused += 1
        else:  # padding, dates
            assert same(vars(found), vars(checkpoint))
    assert refused > 100


def cut(path):
    path.write_bytes(path.read_bytes()[:-1000])


def empty(path):
    path.write_bytes(b"")


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def swap_for_weights(path):
    torch.save({"weight": torch.zeros(3)}, path)


def swap_for_list(path):
    torch.save([1, 2], path)


@pytest.mark.parametrize("damage", [cut, empty, flip, swap_for_weights, swap_for_list])
def test_a_damaged_one_is_passed_over(tmp_path, damage):
    older = save_checkpoint(tmp_path, make_checkpoint(1))
    newer = save_checkpoint(tmp_path, make_checkpoint(2))
    damage(newer)
    with pytest.warns(N3Warning, match=newer.name):
        assert resumed(tmp_path).step == 1
    with pytest.raises(InputError, match=newer.name):
        resumed(newer)
    damage(older)
    with pytest.warns(N3Warning), pytest.raises(ConfigError, match="complete; start a new run"):
        resumed(tmp_path)


def test_a_tensor_that_is_marked_as_a_folder_is_found(tmp_path):
    path = save_checkpoint(tmp_path, make_checkpoint(5))
    with zipfile.ZipFile(path) as archive:
        table = archive.start_dir
    data = bytearray(path.read_bytes())
    name = data.index(b"archive/data/0", table)
    data[name - 8] |= 0x10  # external attributes
    path.write_bytes(data)
    with pytest.raises(InputError, match="table of contents"):
        load_checkpoint(path)


def test_code_in_a_checkpoint_is_not_run(tmp_path):
    path = tmp_path / "checkpoint-000000001.pt"
    torch.save({**vars(make_checkpoint(1)), "recipe": pytest.fail}, path)
    with pytest.raises(InputError):
        load_checkpoint(path)


@pytest.mark.parametrize("name", ["", "missing", "missing.pt"])
def test_where_there_is_none(tmp_path, name):
    with pytest.raises(ConfigError, match="no checkpoint"):
        resumed(tmp_path / name)


def test_what_a_killed_run_left_is_ignored_and_does_not_pile_up(tmp_path):
    save_checkpoint(tmp_path, make_checkpoint(1))
    for step in (2, 3):
        with pytest.raises(KeyboardInterrupt), killed_while_saving():
            save_checkpoint(tmp_path, make_checkpoint(step))
        assert len(names(tmp_path)) == 2
    assert find_checkpoint(tmp_path).step == 1
    save_checkpoint(tmp_path, make_checkpoint(4))
    assert names(tmp_path) == ["checkpoint-000000001.pt", "checkpoint-000000004.pt"]


@contextmanager
def killed_while_saving():
    with pytest.MonkeyPatch.context() as patch:

        def die(descriptor):
            raise KeyboardInterrupt

        patch.setattr("os.fsync", die)
        yield


@contextmanager
def limited_files(size):
    """Files cannot grow above so many bytes, as on a full disk."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("part", [0.0, 0.5, 0.99])
def test_a_full_disk_keeps_the_old_ones(tmp_path, part):
    for step in (1, 2):
        size = save_checkpoint(tmp_path, make_checkpoint(step)).stat().st_size
    before = names(tmp_path)
    with (
        limited_files(int(part * size)),
        pytest.raises(InputError, match=r"too large.*make room"),
    ):
        save_checkpoint(tmp_path, make_checkpoint(3))
    assert names(tmp_path) == before
    with warnings.catch_warnings(action="error"):
        assert find_checkpoint(tmp_path).step == 2


def test_a_folder_that_went_away_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        save_checkpoint(tmp_path / "gone", make_checkpoint(1))
