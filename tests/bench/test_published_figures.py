"""Published figures: the carried file is whole, and what is quoted is what it says."""

import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from n3cli.bench.published import load_published
from n3cli.bench.suite import SUITES, find_suites
from n3cli.bench.task import DENOISE

SHARED = Path(__file__).parents[3] / "shared" / "published.toml"
TESTS = [suite for suite in SUITES.values() if not suite.development and suite.task is DENOISE]
TABLE = tomllib.loads(files("n3cli.bench").joinpath("published.toml").read_text("utf-8"))


def gaussian_entries():
    for kind, table in TABLE["gaussian"].items():
        for suite, methods in table.items():
            if suite != "levels":
                for method, entry in methods.items():
                    yield pytest.param(table["levels"], entry, id=f"{kind}-{suite}-{method}")


@pytest.mark.parametrize(("levels", "entry"), list(gaussian_entries()))
def test_every_figure_has_a_level_a_source_and_a_sane_value(levels, entry):
    assert len(entry["psnr"]) == len(levels)
    assert entry["source"] in TABLE["sources"]
    known = [psnr for psnr in entry["psnr"] if psnr]
    assert known
    assert all(20 < psnr < 40 for psnr in known)
    assert known == sorted(known, reverse=True)


@pytest.mark.parametrize("suite", TESTS, ids=[suite.name for suite in TESTS])
def test_every_suite_has_published_figures(suite):
    rows = load_published(suite, suite.levels)
    assert len(rows) >= 4
    assert all(row.reference for row in rows)


@pytest.mark.parametrize("suite", find_suites(["paper"]), ids=lambda suite: suite.name)
def test_the_papers_network_was_published_at_every_level_of_its_suites(suite):
    rows = {row.method: row.psnr for row in load_published(suite, suite.levels)}
    assert suite.levels == ((25, 50, 70) if suite.task is DENOISE else (2, 3, 4))
    assert all(rows["N3Net"])


def test_levels_are_looked_up_not_counted():
    rows = {row.method: row for row in load_published(SUITES["set12"], (50, 33, 15))}
    assert rows["DnCNN"].psnr == (27.18, None, 32.86)
    assert rows["DnCNN"].source == "dncnn"
    assert "1608.03981" in rows["DnCNN"].reference


def test_zero_means_not_published():
    rows = {row.method: row for row in load_published(SUITES["set12"], (15, 25))}
    assert rows["N3Net"].psnr == (None, 30.55)


def test_methods_without_a_figure_at_these_levels_are_left_out():
    assert "N3Net" not in {row.method for row in load_published(SUITES["bsd68"], (15,))}
    assert load_published(SUITES["set12"], (33,)) == []


@pytest.mark.skipif(not SHARED.is_file(), reason="the published figures are not beside the project")
def test_nothing_that_was_collected_is_lost_or_changed():
    collected = tomllib.loads(SHARED.read_text("utf-8"))
    for kind, table in collected["gaussian"].items():
        for suite, methods in table.items():
            assert TABLE["gaussian"][kind][suite] == methods
