"""`n3 fetch-data` as people run it: a process, a real server, stdout, stderr and exit codes."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from reference.real_sets import write_dnd, write_sidd

from n3cli.cli import fetch_view
from n3cli.cli.main import n3
from n3cli.data.fetch.record import RECORD
from n3cli.data.published.index import COLLECTIONS
from n3cli.io.picture import read_picture
from n3cli.render.contact_sheet import contact_sheet

sys.path.append(str(Path(__file__).parents[1] / "data"))
from file_server import Server, serve

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONUTF8": "1", "N3_DATA": "", "PYTHONPATH": str(ROOT)}
SET5 = COLLECTIONS["set5"]


def start(*arguments, stdin=subprocess.DEVNULL, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "n3cli", "fetch-data", *map(str, arguments)],
        stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        encoding="utf-8", env=ENVIRONMENT, **options,
    )  # fmt: skip


def n3_fetch(*arguments, **options):
    process = start(*arguments, **options)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


@pytest.fixture
def server(shared):
    """The published files of Set5, on this machine."""
    folder = shared / "datasets" / "Set5"
    files = {file.path: (folder / file.path).read_bytes() for file in SET5.published}
    with serve(Server(files)) as running:
        yield running


def test_the_list(tmp_path):
    code, out, err = n3_fetch("--list", "--dir", tmp_path)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(COLLECTIONS)
    assert "  no  " in lines[1]


def test_a_set_is_fetched_once(server, tmp_path):
    code, out, err = n3_fetch("set5", "--yes", "--from", server.address, "--dir", tmp_path)
    assert (code, out) == (0, f"{tmp_path / 'Set5'}\n")
    assert "terms: passed around for research" in err
    assert "30 files, 3.0 MB" in err
    asked = len(server.requests)
    assert asked == 30
    # Whole already: no question, no request.
    code, out, err = n3_fetch("Set5", "--from", server.address, "--dir", tmp_path)
    assert (code, out, err) == (0, f"{tmp_path / 'Set5'}\n", "")
    assert len(server.requests) == asked
    code, out, err = n3_fetch("set5", "--verify", "--dir", tmp_path)
    assert (code, out, err) == (0, f"ok       Set5: 30 files in {tmp_path / 'Set5'}\n", "")


def test_terms_must_be_accepted(server, tmp_path):
    code, out, err = n3_fetch("set5", "--from", server.address, "--dir", tmp_path)
    assert (code, out) == (2, "")
    assert "give --yes to accept them" in err
    assert not server.requests
    assert not any(tmp_path.iterdir())


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are POSIX")
def test_no_is_an_answer(server, tmp_path):
    ours, theirs = os.openpty()
    os.write(ours, b"n\n")
    code, out, err = n3_fetch("set5", "--from", server.address, "--dir", tmp_path, stdin=theirs)
    os.close(ours)
    os.close(theirs)
    assert (code, out) == (2, "")
    assert err.endswith("n3: error: nothing was fetched: the terms were not accepted\n")
    assert not server.requests


def test_faults_are_told_and_the_rest_is_fetched(server, tmp_path):
    bad, worse = SET5.published[3].path, SET5.published[7].path
    server.faults = {bad: ["404"], worse: ["spoil"], SET5.published[9].path: ["cut 100"]}
    code, out, err = n3_fetch("set5", "-y", "--from", server.address, "--dir", tmp_path)
    assert (code, out) == (3, "")
    assert f"n3: error: {server.address}/{bad}: 404 Not Found" in err
    assert f"n3: error: {server.address}/{worse}: has the SHA-256" in err
    assert "n3: error: incomplete: Set5; run the command again to continue" in err
    assert "Traceback" not in err
    found = [path for path in (tmp_path / "Set5").rglob("*") if path.is_file()]
    assert len(found) == 28
    assert not any(path.name.startswith(".") for path in found)
    server.requests.clear()
    code, out, err = n3_fetch("set5", "-y", "--from", server.address, "--dir", tmp_path)
    assert (code, out) == (0, f"{tmp_path / 'Set5'}\n")
    assert sorted(path for path, _ in server.requests) == [bad, worse]


def test_from_a_folder_on_disk(shared, tmp_path):
    code, out, _ = n3_fetch("set5", "-y", "--from", shared / "datasets", "--dir", tmp_path)
    assert (code, out) == (0, f"{tmp_path / 'Set5'}\n")


def test_a_changed_file_is_kept(shared, tmp_path):
    assert n3_fetch("set5", "-y", "--from", shared / "datasets", "--dir", tmp_path)[0] == 0
    mine = tmp_path / "Set5" / SET5.published[0].path
    mine.write_bytes(b"mine")
    code, out, err = n3_fetch("set5", "--dir", tmp_path)
    assert (code, out, mine.read_bytes()) == (3, "", b"mine")
    assert "differs from the published file and is kept; move it away" in err
    code, out, err = n3_fetch("set5", "--verify", "--dir", tmp_path)
    assert code == 3
    assert "DAMAGED  Set5: 29 files whole, 0 missing, 1 different" in out
    assert str(mine) in err


def test_a_set_to_be_fetched_by_hand(tmp_path):
    code, out, err = n3_fetch("dnd", "--dir", tmp_path / "data")
    assert (code, out) == (3, "")
    assert "n3: error: DND must be fetched by hand" in err
    assert "open https://noise.visinf.tu-darmstadt.de/downloads/ (address not checked)" in err
    assert f"run n3 fetch-data dnd --from FILE --dir {tmp_path / 'data'}" in err
    with zipfile.ZipFile(tmp_path / "dnd.zip", "w") as archive:
        archive.writestr("dnd_2017/info.mat", b"info")
    fetch = ("dnd", "--from", tmp_path / "dnd.zip", "--dir", tmp_path / "data")
    code, out, err = n3_fetch(*fetch)
    assert (code, out) == (2, "")
    assert "check: none, as no SHA-256 is published" in err
    code, out, err = n3_fetch(*fetch, "--yes")
    assert (code, out) == (0, f"{tmp_path / 'data' / 'DND'}\n")
    code, out, err = n3_fetch("dnd", "--verify", "--dir", tmp_path / "data")
    assert code == 0
    assert "ok       DND: 1 files in" in out
    assert ", as they were unpacked" in out
    (tmp_path / "data" / "DND" / "dnd_2017" / "info.mat").write_bytes(b"INFO")
    code, out, err = n3_fetch("dnd", "--verify", "--dir", tmp_path / "data")
    assert (code, out.split()[0]) == (3, "DAMAGED")
    code, out, err = n3_fetch("--list", "--dir", tmp_path / "data")
    assert re.search("dnd +1 +- +yes +by hand", out)


def test_an_archive_of_a_set_on_disk(shared, tmp_path):
    shutil.make_archive(tmp_path / "Set5", "zip", shared / "datasets", "Set5")
    code, out, _ = n3_fetch("set5", "-y", "--from", tmp_path / "Set5.zip", "--dir", tmp_path)
    assert (code, out) == (0, f"{tmp_path / 'Set5'}\n")
    assert n3_fetch("set5", "--verify", "--dir", tmp_path)[0] == 0


def test_addresses_are_asked(server, tmp_path):
    code, out, err = n3_fetch("set5", "--check-urls", "--from", server.address)
    assert code == 0
    first = SET5.published[0]
    lines = out.splitlines()
    assert lines[0] == f"ok      {SET5.url(first, server.address)}: {first.size} bytes, as listed"
    assert len(lines) == len(server.asked) == 30
    assert err == "30 addresses: 30 ok, 0 failed; 0 have moved\n"
    paths = [file.path for file in SET5.published]
    server.files[paths[0]] += b"more"
    server.faults = {paths[1]: ["404"], paths[2]: [f"move {paths[2]}"]}
    server.heads = 405
    code, out, err = n3_fetch("set5", "--check-urls", "--from", server.address, "-q")
    assert code == 3
    lines = out.splitlines()
    assert f"has {first.size + 4} bytes, expected {first.size}" in lines[0]
    assert lines[1] == f"FAILED  {server.address}/{paths[1]}: 404 Not Found"
    assert lines[2].startswith(f"moved   {server.address}/{paths[2]} → ")
    assert len(lines) == 3
    assert "2 of 30 addresses failed" in err


def test_a_set_that_cannot_be_looked_at_is_listed(tmp_path):
    folder = tmp_path / COLLECTIONS["sidd-validation"].folder
    folder.mkdir(exist_ok=True)
    (folder / RECORD).write_text("{")
    code, out, err = n3_fetch("--list", "--dir", tmp_path)
    assert code == 0
    assert err.count("is damaged") == 1
    lines = out.splitlines()[1:]
    assert [line.split()[0] for line in lines] == list(COLLECTIONS)
    (row,) = (line.split() for line in lines if line.startswith("sidd-validation "))
    assert "unknown" in row


def test_a_set_is_shown(shared, tmp_path):
    data = shared / "datasets"
    code, out, err = n3_fetch("--show", "set5", "--dir", data, cwd=tmp_path)
    assert (code, err) == (0, "")
    for line in (
        "files       30, 3.0 MB",
        "pictures    30",
        "pixels      smallest 64×64, median 256×256, largest 512×512 (width×height)",
        "channels    colour (30)",
        "depth       8 bits (30)",
        "sheet       set5-contact-sheet.png",
    ):
        assert line in out.splitlines()
    sheet = read_picture(tmp_path / "set5-contact-sheet.png").pixels
    assert sheet.shape == (4 * 184 + 8, 6 * 168 + 8, 3)
    # It is kept, unless asked for.
    before = (tmp_path / "set5-contact-sheet.png").stat().st_mtime_ns
    code, out, err = n3_fetch("--show", "set5", "--dir", data, cwd=tmp_path)
    assert (code, out) == (1, "")
    assert "exists and is kept; give --overwrite to replace it" in err
    assert (tmp_path / "set5-contact-sheet.png").stat().st_mtime_ns == before
    arguments = ("--show", "set5", "--dir", data, "--overwrite", "-o", "sheet.jpg")
    (tmp_path / "sheet.jpg").write_bytes(b"old")
    assert n3_fetch(*arguments, cwd=tmp_path)[0] == 0
    assert read_picture(tmp_path / "sheet.jpg").pixels.shape == sheet.shape
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "set5-contact-sheet.png",
        "sheet.jpg",
    ]


def test_a_sheet_stays_out_of_the_set(shared, tmp_path):
    (tmp_path / "link").symlink_to(shared / "datasets" / "Set5")
    target = tmp_path / "link" / "sheet.png"
    words = ("--show", "set5", "--dir", shared / "datasets", "-o", target, "--overwrite")
    code, out, err = n3_fetch(*words)
    assert (code, out) == (1, "")
    assert f"{target}: is in the folder of set5; choose another -o" in err


def test_a_sheet_that_appears_meanwhile_is_kept(shared, tmp_path, monkeypatch):
    def draw(*pictures, **how):
        (tmp_path / "sheet.png").write_text("another's")
        return contact_sheet(*pictures, **how)

    monkeypatch.setattr("n3cli.render.contact_sheet.contact_sheet", draw)
    words = ["--show", "set5", "--dir", shared / "datasets", "-o", tmp_path / "sheet.png"]
    result = CliRunner().invoke(n3, ["fetch-data", *map(str, words)])
    assert result.exit_code == 1, result.output
    assert "exists and is kept; give --overwrite to replace it" in result.stderr
    assert (tmp_path / "sheet.png").read_text() == "another's"


def test_raw_photos_and_blocks_are_shown(tmp_path):
    write_dnd(tmp_path / "dnd_2017")
    write_sidd(tmp_path / "sidd")
    for name, source, lines, side in (
        ("dnd", "dnd_2017", ["pictures    4", " " * 12 + "2 of Inoisy 96×128 float32"], 1),
        ("sidd-validation", "sidd", ["pictures    12"], 2),
    ):
        fetched = n3_fetch(name, "--from", tmp_path / source, "--dir", tmp_path / "data", "-y")
        assert fetched[0] == 0, fetched[2]
        shown = n3_fetch("--show", name, "--dir", tmp_path / "data", cwd=tmp_path)
        assert (shown[0], shown[2]) == (0, "")
        assert set(lines) < set(shown[1].splitlines())
        sheet = read_picture(tmp_path / f"{name}-contact-sheet.png").pixels
        assert sheet.shape[0] == side * 184 + 8


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        ([], 2, "name a data set"),
        (["sett12"], 2, "did you mean 'set12'"),
        (["set5", "-y", "--from", "nowhere"], 3, "--from takes a folder, an archive or an address"),
        (["set5", "-y", "--from", "ftp://127.0.0.1"], 3, "ftp"),
        (["set5", "--verify"], 3, "30 missing"),
        (["set5", "--verify", "--show"], 2, "exclude each other"),
        (["set5", "-o", "a.png"], 2, "-o and --overwrite need --show"),
        (
            ["set5", "set12", "--show", "-o", "a.png"],
            2,
            "-o names one file, but several sets are given",
        ),
        (["set5", "--show", "-o", "a.bmp"], 1, "cannot write the format 'bmp'"),
        (["set5", "--show", "-o", "."], 1, "cannot write"),
        (["set5", "--show"], 3, "fetch it first: n3 fetch-data set5 --dir"),
        (["dnd", "--show"], 3, "fetch it first: n3 fetch-data dnd --dir"),
        (["brown", "--show"], 3, "Brown is not a folder"),
        (["set5", "--check-urls", "--from", "folder"], 2, "folder is not an address"),
        (["paper", "-y"], 2, "name them: set12, bsd68, urban100, set5, stpeters, reichstag, brown"),
        (["cc15", "-y"], 2, "cc15 cannot be fetched"),
        (["dnd", "--check-urls"], 0, "has no address to check"),
    ],
)
def test_bad_input(tmp_path, arguments, code, complaint):
    found, out, err = n3_fetch(*arguments, "--dir", tmp_path)
    assert found == code
    assert complaint in out + err
    assert "Traceback" not in err


def test_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = n3_fetch("set5", "-y", "--dir", tmp_path / "file")
    assert code == 2
    assert "Traceback" not in err


def test_a_log_gets_a_line_now_and_then(monkeypatch, capsys):
    monkeypatch.setattr(fetch_view, "_INTERVAL", 0.0)
    with fetch_view.progress("a.zip", 3_000_000, False) as told:
        told(1_000_000)
        told(2_000_000)
    lines = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"a\.zip: 1\.0 MB, [\d.]+ MB/s, 0:00:00 left of 3\.0 MB", lines[0])
    assert re.fullmatch(r"a\.zip: 3\.0 MB, [\d.]+ MB/s, 0:00:00 left of 3\.0 MB", lines[1])
    with fetch_view.progress("a.zip", None, True) as told:
        told(1)
    assert capsys.readouterr().err == ""


def test_a_suite_stands_for_what_it_is_made_of(tmp_path):
    alike = {
        "set14": ["set14-photo"],
        "urban100": ["urban100-sr"],
        "bsds500": ["val40-gray", "val40-raw", "val40-xtrans", "bsds-raw", "BSDS-xtrans"],
    }
    for whole, suites in alike.items():
        told = n3_fetch(whole, "--verify", "--dir", tmp_path)
        assert told[0] == 3
        assert n3_fetch(*suites, "--verify", "--dir", tmp_path) == told


@pytest.mark.skipif(sys.platform == "win32", reason="has no SIGINT for one process")
def test_interrupted_it_goes_on_later(server, tmp_path):
    server.faults = {file.path: ["slow"] for file in SET5.published}
    process = start("set5", "-y", "--from", server.address, "--dir", tmp_path)
    while process.poll() is None and len(server.requests) < 10:
        time.sleep(0.02)
    assert process.poll() is None, process.stderr.read()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in err
    for path in (tmp_path / "Set5").rglob("*.png"):
        if not path.name.startswith("."):
            assert path.read_bytes() == server.files[path.relative_to(tmp_path / "Set5").as_posix()]
    server.faults = {}
    assert n3_fetch("set5", "-y", "--from", server.address, "--dir", tmp_path)[0] == 0
