"""What a shell offers behind Tab."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

import n3cli
from n3cli.bench.suite import GROUPS, NAMES
from n3cli.cli import complete
from n3cli.cli.bench import bench
from n3cli.cli.main import n3

FILES = "file"


def offered(words: str) -> list[str]:
    """What bash is told at the end of a command line: names, or a kind of files."""
    begun = "" if words.endswith(" ") else shlex.split(words)[-1]
    before = shlex.split(words)[1 : None if words.endswith(" ") else -1]
    items = click.shell_completion.BashComplete(n3, {}, "n3", "_N3_COMPLETE").get_completions(
        before, begun
    )
    return [item.type if item.type != "plain" else item.value for item in items]


def test_commands_and_options():
    assert offered("n3 de") == ["denoise"]
    assert offered("n3 denoise --skip") == ["--skip-existing"]
    assert offered("n3 denoise --precision b") == ["bf16"]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("n3 denoise -m n3u", ["n3unet", "n3unet-color", "n3unet-color-real", "n3unet-gray",
                               "n3unet-raw"]),
        ("n3 denoise --model re", ["real"]),
        ("n3 upscale -m ", sorted({"bicubic", "n3sr", "n3sr-color", "n3sr-photo", "photo",
                                   "upscale-n3sr-color", "upscale-n3sr-photo"})),
        ("n3 match -m match-c", ["match-cnet"]),
        ("n3 bench -m n3net,denoise-n3unet-g", ["n3net,denoise-n3unet-gray"]),
        ("n3 models info upscale-n3sr-c", ["upscale-n3sr-color"]),
        ("n3 bench set1", ["set12", "set14", "set14-photo"]),
        ("n3 bench set12,noise-", ["set12,noise-level"]),
        ("n3 train denoise-n3net-g", ["denoise-n3net-gray"]),
        ("n3 train photos --init n3unet-c", ["n3unet-color", "n3unet-color-real"]),
        ("n3 fetch-data set12 bsd6", ["bsd68"]),
    ],
)  # fmt: skip
def test_names(words, names):
    assert offered(words) == names


@pytest.mark.parametrize(
    "words",
    ["denoise ", "denoise a.png ", "denoise -o ", "denoise -m runs/", "upscale ", "upscale x",
     "match ", "match -o ", "match --viz ", "train my.to", "bench my/", "models info ./",
     "fetch-data --from ", "fit-noise "],
)  # fmt: skip
def test_files_where_they_may_be_meant(words):
    assert offered(f"n3 {words}") == [FILES]


def test_every_suite_is_in_the_help():
    context = click.Context(bench)
    names = {item.value for item in complete.suite(context, bench.params[0], "")}
    assert names | set(GROUPS["polyu"]) == set(NAMES)


def test_torch_is_not_loaded():
    told = [f"n3 {words}" for words in ("denoise -m n", "bench s", "train d", "fetch-data s")]
    program = f"""
import os, sys
from n3cli.cli.main import n3
for words in {told!r}:
    os.environ.update(
        _N3_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(words.count(" "))
    )
    try:
        n3(prog_name="n3")
    except SystemExit as end:
        assert not end.code, end.code
print("torch" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True, text=True, check=True,
        env=os.environ | {"PYTHONPATH": str(Path(n3cli.__file__).parents[1])},
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert {"plain,n3unet", "plain,set12", "plain,denoise-n3net-gray", "plain,set5"} <= set(lines)
    assert lines[-1] == "False"
