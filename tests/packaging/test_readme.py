"""The README and the pages: what they promise to newcomers, and where they point."""

from __future__ import annotations

import re
import runpy
import subprocess
from pathlib import Path

import numpy as np
import pytest

from n3cli.io.picture import read_picture

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_example_in_python_runs():
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict[str, np.ndarray] = {}
    exec(example, names)
    assert names["clean"].shape == names["noisy"].shape
    assert names["clean"].dtype == names["noisy"].dtype
    assert np.std(names["clean"]) < np.std(names["noisy"]) / 3


def test_ci_runs_the_commands_of_the_readme():
    """.ci/run takes the lines that make an environment; there is one to use n3, one to test it."""
    use, develop = re.findall(r"^python3 -m venv.* && .*$", README, re.MULTILINE)
    assert use.endswith(".venv/bin/n3 denoise docs/noisy.png -y")
    assert re.search(r" && \.venv/bin/python -m pytest( -n 2)?$", develop)
    subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], check=True)


def test_the_noisy_picture_is_what_its_page_says():
    made = runpy.run_path(str(ROOT / "docs" / "make_pictures.py"))["make_noisy"]()
    np.testing.assert_array_equal(read_picture(ROOT / "docs" / "noisy.png").pixels, made)
