"""Reports: every figure arrives, in text, Markdown and JSON."""

import json
from dataclasses import replace

import pytest

from n3cli.bench.document import write_json, write_text
from n3cli.bench.measurement import ImageScore, Measurement, Row
from n3cli.bench.method import Method
from n3cli.bench.protocol import PROTOCOL
from n3cli.bench.suite import SUITES
from n3cli.bench.table import render_table
from n3cli.inference.machine import Machine

MACHINE = Machine("2026-01-02", "Some CPU", 2, "cpu", "2.13.0", "0.1.0", "0123456789ab+")
ROW = Row(
    Method("ours", "how ours is run", lambda noisy, sigma: noisy),
    (30.123, 27.5),
    (0.9, 0.8),
    2.0,
    (ImageScore("a.png", (30.0, 27.0), (0.9, 0.8), (0.2, 0.1)),),
)


def measured(suite="set12", images=12):
    return [Measurement(SUITES[suite], (25.0, 50.0), images, (ROW,))]


def test_tables_are_aligned():
    lines = render_table(("a", "bb"), [["x", "1.0"], ["long", "10.0"]], markdown=False).splitlines()
    assert lines == ["a       bb", "----  ----", "x      1.0", "long  10.0"]


def test_markdown_tables_have_one_shape():
    lines = render_table(("a", "bb"), [["x", "1.0"], ["long", ""]], markdown=True).splitlines()
    assert lines[1] == "| ---- | --: |"
    assert {line.count("|") for line in lines} == {3}


@pytest.mark.parametrize("markdown", [False, True])
def test_text_keeps_measured_and_published_apart(markdown):
    text = write_text(measured(), [], MACHINE, markdown=markdown)
    header = next(line for line in text.splitlines() if "method" in line)
    assert header.index("measured σ50") < header.index("published σ25") < header.index("source")
    ours = next(line for line in text.splitlines() if "30.12 / 0.9000" in line)
    assert "ours" in ours
    assert ours.index("30.12") < header.index("published σ25")
    theirs = next(line for line in text.splitlines() if "N3Net" in line)
    assert theirs.index("30.55") > header.index("measured σ50") + len("measured σ50")
    for part in (
        "how ours is run",
        PROTOCOL,
        "2026-01-02",
        "Some CPU",
        "0123456789ab+",
        "1810.12575",
    ):
        assert part in text


def test_markdown_renders_as_a_table():
    text = write_text(measured(), [], MACHINE, markdown=True)
    assert text.startswith("### Set12, grey, 12 images: PSNR in dB / SSIM\n\n| method")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in rows}) == 1
    assert set(rows[1]) <= set("|-: ")


def test_fewer_images_are_said():
    assert "only the first 2 of 12 images" in write_text(
        measured(images=2), [], MACHINE, markdown=False
    )


def test_levels_that_nobody_published_have_no_published_columns():
    row = Row(ROW.method, (30.0,), (0.9,), 1.0)
    measurement = Measurement(SUITES["set12"], (33.0,), 12, (row,))
    assert "published" not in write_text([measurement], [], MACHINE, markdown=False)


@pytest.mark.parametrize("images", [12, 2])
def test_what_was_published_of_a_measured_method_stands_in_its_row(images):
    theirs = Row(replace(ROW.method, name="bm3d", published="BM3D"), (29.9, 26.8), (0.8, 0.7), 5.0)
    measurement = Measurement(SUITES["set12"], (25.0, 50.0), images, (ROW, theirs))
    lines = write_text([measurement], [], MACHINE, markdown=True).splitlines()
    table = [[cell.strip() for cell in line.split("|")] for line in lines if line[:1] == "|"]
    header, _, ours, row = table[:4]
    cells = dict(zip(header, row, strict=True))
    assert (cells["method"], cells["published σ25"], cells["source"]) == ("bm3d", "29.97", "dncnn")
    assert (cells["time"], dict(zip(header, ours, strict=True))["time"]) == ("2.50", "1.00")
    assert not any(line.startswith("| BM3D ") for line in lines)
    if images == 12:
        assert (cells["difference σ25"], cells["difference σ50"]) == ("-0.07", "+0.08")
    else:
        assert "difference σ25" not in cells  # of a part of the set it would say nothing


def test_json_has_its_schema_and_survives_a_round_trip():
    report = write_json(measured("cbsd68", images=68), [], MACHINE)
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert report.keys() == {"machine", "suites"}
    assert report["machine"].keys() == {
        "date", "cpu", "threads", "device", "torch", "n3cli", "commit",
    }  # fmt: skip
    (suite,) = report["suites"]
    assert suite.keys() == {
        "suite", "data", "protocol", "channels", "images", "images_in_set", "sigmas", "measured",
        "published",
    }  # fmt: skip
    assert (suite["suite"], suite["channels"], suite["images_in_set"]) == ("cbsd68", 3, 68)
    assert suite["measured"] == [
        {
            "method": "ours",
            "note": "how ours is run",
            "psnr": [30.123, 27.5],
            "ssim": [0.9, 0.8],
            "seconds_per_megapixel": 2.0,
            "published": None,
            "difference": None,
            "per_image": [
                {
                    "image": "a.png",
                    "psnr": [30.0, 27.0],
                    "ssim": [0.9, 0.8],
                    "seconds": [0.2, 0.1],
                }
            ],
        }
    ]
    assert suite["published"][0].keys() == {"method", "psnr", "source", "reference"}


def test_json_has_no_word_for_infinity():
    row = replace(ROW, psnr=(float("inf"), 27.5))
    (suite,) = write_json([replace(*measured(), rows=(row,))], [], MACHINE)["suites"]
    assert suite["measured"][0]["psnr"] == [None, 27.5]
    assert json.loads(json.dumps(suite, allow_nan=False)) == suite


@pytest.mark.parametrize("verified", [True, False])
def test_json_says_whether_images_were_checked(verified):
    report = write_json([replace(*measured(), verified=verified)], [], MACHINE)
    assert report["suites"][0]["verified"] is verified


def test_different_rules_say_which_suites_they_are_of():
    two = measured() + measured("cbsd68", 68)
    assert write_text(two, [], MACHINE, markdown=False).count("Protocol: ") == 1
    lines = write_text([*two, *measured("val40-raw", 40)], [], MACHINE, markdown=False).splitlines()
    named = [line.partition(":")[0] for line in lines if line.startswith("Protocol")]
    assert named == ["Protocol of set12, cbsd68", "Protocol of val40-raw"]
