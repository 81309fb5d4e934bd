"""Facts about the machine are true, and the commit is that of the checkout."""

import datetime
import shutil
import subprocess

import pytest
import torch

from n3cli.inference.machine import _commit, describe_machine, write_machine


def test_facts_are_there():
    machine = describe_machine(torch.device("cpu"))
    assert machine.torch == torch.__version__
    assert machine.threads == torch.get_num_threads()
    assert machine.device == "cpu"
    assert machine.cpu
    age = datetime.datetime.now(datetime.UTC).date() - datetime.date.fromisoformat(machine.date)
    assert age.days in (0, 1)
    assert machine.cpu in write_machine(machine)


def test_no_commit_outside_a_checkout(tmp_path):
    assert _commit(tmp_path) is None


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_changed_checkout_is_marked(tmp_path):
    def git(*command):
        identity = ("-c", "user.name=n", "-c", "user.email=n@example.org")
        done = subprocess.run(
            ["git", *identity, *command], cwd=tmp_path, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    git("init")
    (tmp_path / "file").write_text("one")
    git("add", "file")
    git("commit", "-m", "first")
    assert _commit(tmp_path) == git("rev-parse", "HEAD")[:12]
    (tmp_path / "file").write_text("two")
    assert _commit(tmp_path) == git("rev-parse", "HEAD")[:12] + "+"
    (tmp_path / "inner").mkdir()
    assert _commit(tmp_path / "inner") is None
