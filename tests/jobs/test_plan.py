"""Planning: names and folders to jobs, without reading a picture."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from n3cli.errors import ConfigError
from n3cli.jobs import scan
from n3cli.jobs.plan import Job, Plan
from n3cli.jobs.plan import plan as plan_with_tag


def plan(inputs, output=None, **options) -> Plan:
    names, made = [os.fspath(text) for text in inputs], re.compile("n3dn")
    return plan_with_tag(names, output, tag="n3dn", made=made, **options)


def reasons(batch: Plan) -> list[str]:
    return [str(refused.error) for refused in batch.refused]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files that are never opened, in a folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "b.bmp", "in/c.JPG", "in/d_n3dn.png", "in/notes.txt", "in/._c.jpg",
                 "in/deep/e.tif", "in/.hidden/f.png"):  # fmt: skip
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(b"")
    return tmp_path


@pytest.mark.usefixtures("tree")
class TestLeftOut:
    def test_what_has_its_output_is_skipped_where_asked_for(self):
        Path("a_n3dn.png").write_bytes(b"")
        batch = plan(["a.png", "b.bmp"], skip_existing=True)
        assert [job.source.name for job in batch.jobs] == ["b.bmp"]
        assert batch.existing == (Job(Path("a.png"), Path("a_n3dn.png")),)
        assert not batch.refused
        with pytest.raises(ConfigError, match="exclude each other"):
            plan(["a.png"], skip_existing=True, overwrite=True)

    def test_what_lacks_its_page_or_its_picture_is_not_there(self):
        Path("a_n3dn.png").write_bytes(b"")
        Path("b_n3dn_compare.html").write_bytes(b"")
        batch = plan(["a.png", "b.bmp"], skip_existing=True, compare=True)
        assert not batch.existing
        assert sorted(reasons(batch)) == [
            f"{name}: exists and is kept; give -y to replace it"
            for name in ("a_n3dn.png", "b_n3dn_compare.html")
        ]
        Path("a_n3dn_compare.html").write_bytes(b"")
        assert len(plan(["a.png"], skip_existing=True, compare=True).existing) == 1

    def test_standard_input_is_skipped_likewise(self):
        Path("x.png").write_bytes(b"")
        batch = plan(["-"], "x.png", skip_existing=True)
        assert batch.existing == (Job(None, Path("x.png")),)
        assert (batch.jobs, batch.refused) == ((), ())

    def test_a_folder_that_may_be_listed_and_not_entered_does_not_end_the_plan(self, monkeypatch):
        def closed(path):
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr(Path, "is_symlink", closed)  # as of what is in such a folder
        assert [job.source.name for job in plan(["in"], recursive=True).jobs] == ["c.JPG", "e.tif"]

    def test_what_is_refused_has_names(self):
        Path("a_n3dn.png").write_bytes(b"")
        batch = plan(["a.png", "none.png"])
        named = [(refused.source_name, refused.target) for refused in batch.refused]
        assert sorted(named) == [("a.png", Path("a_n3dn.png")), ("none.png", None)]

    def test_linked_folders_are_told(self):
        Path("in/linked").symlink_to(Path("in/deep").resolve())
        batch = plan(["in"], recursive=True)
        assert batch.linked == (Path("in/linked"),)
        assert [job.source.name for job in batch.jobs] == ["c.JPG", "e.tif"]
        assert not plan(["in"]).linked


@pytest.mark.usefixtures("tree")
class TestTargets:
    def test_default_is_beside_the_source(self):
        assert plan(["a.png", "in/c.JPG"]).jobs == (
            Job(Path("a.png"), Path("a_n3dn.png"), "png"),
            Job(Path("in/c.JPG"), Path("in/c_n3dn.JPG"), "jpeg"),
        )

    def test_what_cannot_be_written_becomes_png(self):
        assert plan(["b.bmp"]).jobs == (Job(Path("b.bmp"), Path("b_n3dn.png"), "png"),)

    def test_file(self):
        assert plan(["a.png"], "x.tif").jobs == (Job(Path("a.png"), Path("x.tif"), "tiff"),)

    @pytest.mark.parametrize("output", ["out/", "in/deep"])
    def test_folder_for_one_file(self, output):
        assert plan(["a.png"], output).jobs[0].target == Path(output, "a.png")

    def test_several_inputs_make_a_folder(self):
        targets = [job.target for job in plan(["a.png", "b.bmp"], "out").jobs]
        assert targets == [Path("out/a.png"), Path("out/b.png")]

    def test_recursive_mirrors_the_tree(self):
        targets = [job.target for job in plan(["in"], "out", recursive=True).jobs]
        assert targets == [Path("out/c.JPG"), Path("out/deep/e.tif")]

    def test_format_changes_suffixes(self):
        targets = [job.target for job in plan(["in"], "out/", recursive=True, format="webp").jobs]
        assert targets == [Path("out/c.webp"), Path("out/deep/e.webp")]

    def test_standard_streams(self):
        assert plan(["-"]).jobs == (Job(None, None),)
        assert plan(["-"], "x.png").jobs == (Job(None, Path("x.png"), "png"),)
        assert plan(["a.png"], "-", format="tiff").jobs == (Job(Path("a.png"), None, "tiff"),)

    @pytest.mark.parametrize(
        ("inputs", "output", "format", "words"),
        [
            *(
                (["a.png", "b.bmp"], name, None, "several results need a folder")
                for name in ("x.png", "x.dng", "x.mat", "a.png")  # looks like, or is, one file
            ),
            (["in"], "in/notes.txt", None, "several results need a folder"),
            (["a.png", "b.bmp"], "-", None, "takes one input"),
            (["a.png", "in"], "-", None, "takes one input"),
            (["-", "a.png"], None, None, r"- \(standard input\)"),
            (["-"], "out/", None, "standard input has no name"),
            (["a.png"], "x.jpg", "png", "suffix contradicts --format png"),
        ],
    )
    def test_contradictions(self, inputs, output, format, words):
        with pytest.raises(ConfigError, match=words):
            plan(inputs, output, format=format)


@pytest.mark.usefixtures("tree")
class TestScan:
    def test_folder_means_its_pictures(self):
        batch = plan(["in"])
        assert [job.source for job in batch.jobs] == [Path("in/c.JPG")]
        assert batch.skipped == (Path("in/d_n3dn.png"),)
        assert not batch.refused

    def test_a_result_that_is_named_is_taken(self):
        assert plan(["in/d_n3dn.png"]).jobs[0].target == Path("in/d_n3dn_n3dn.png")

    def test_given_twice_done_once(self, tree):
        batch = plan(["in/c.JPG", "in", tree / "in/deep/../c.JPG"])
        assert [job.source for job in batch.jobs] == [Path("in/c.JPG")]
        assert not batch.refused

    def test_output_inside_the_input_is_no_input(self):
        Path("in/out").mkdir()
        Path("in/out/g.png").write_bytes(b"")
        sources = [job.source for job in plan(["in"], "in/out", recursive=True).jobs]
        assert sources == [Path("in/c.JPG"), Path("in/deep/e.tif")]

    def test_empty_folder_says_how_to_go_deeper(self):
        Path("in2/deep").mkdir(parents=True)
        (reason,) = reasons(plan(["in2"]))
        assert "no picture files" in reason
        assert "-r" in reason

    def test_missing_and_impossible_names(self):
        batch = plan(["gone.png", "a.png/b.png", "x" * 5000, "a.png"])
        assert len(batch.refused) == 3
        assert len(batch.jobs) == 1
        assert "gone.png: no such file or folder" in reasons(batch)

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
    def test_folders_give_files_only(self):
        os.mkfifo("in/pipe.png")
        Path("in/link.png").symlink_to("../a.png")
        Path("in/gone.png").symlink_to("nowhere.png")  # shows when it is read
        sources = [job.source for job in plan(["in"]).jobs]
        assert sources == [Path("in/c.JPG"), Path("in/gone.png"), Path("in/link.png")]
        assert plan(["in/pipe.png"]).jobs  # named, it is meant

    @pytest.mark.parametrize(("inputs", "output"), [([""], None), (["a.png", ""], "out/"),
                                                    (["a.png"], ""), (["-"], "")])  # fmt: skip
    def test_an_empty_name_is_not_the_current_folder(self, inputs, output):
        with pytest.raises(ConfigError, match="empty"):
            plan(inputs, output)

    def test_link_loop(self):
        Path("loop.png").symlink_to("loop.png")
        assert reasons(plan(["loop.png"])) == ["loop.png: no such file or folder"]


@pytest.mark.usefixtures("tree")
class TestNothingIsLost:
    def test_existing_output_is_kept(self):
        Path("a_n3dn.png").write_bytes(b"")
        (reason,) = reasons(plan(["a.png"]))
        assert "-y" in reason
        assert plan(["a.png"], overwrite=True).jobs

    @pytest.mark.parametrize("overwrite", [False, True])
    def test_what_is_no_file_is_not_replaced(self, overwrite):
        Path("a_n3dn.png").mkdir()
        assert "is a folder" in reasons(plan(["a.png"], overwrite=overwrite))[0]
        (reason,) = reasons(plan(["a.png"], os.devnull, overwrite=overwrite))
        assert f"-o - >{os.devnull}" in reason

    @pytest.mark.parametrize("output", ["a.png", "./in/../a.png", "link.png", "hard.png"])
    def test_never_the_input(self, output):
        Path("link.png").symlink_to("a.png")
        Path("hard.png").hardlink_to("a.png")
        (reason,) = reasons(plan(["a.png"], output, overwrite=True))
        assert "input" in reason

    def test_never_the_folder_of_the_inputs(self):
        batch = plan(["in"], "in", overwrite=True)
        assert not batch.jobs
        assert len(batch.refused) == 1

    def test_never_another_input(self):
        Path("a_n3dn.png").write_bytes(b"")
        batch = plan(["a.png", "a_n3dn.png"], overwrite=True)
        assert [job.source for job in batch.jobs] == [Path("a_n3dn.png")]

    def test_two_inputs_never_share_an_output(self):
        Path("a.bmp").write_bytes(b"")
        batch = plan(["a.png", "a.bmp"])
        assert [job.source for job in batch.jobs] == [Path("a.png")]
        assert "also that of a.png" in reasons(batch)[0]


@pytest.mark.usefixtures("tree")
class TestDisksThatIgnoreCase:
    @pytest.fixture(autouse=True)
    def disk(self, monkeypatch):
        monkeypatch.setattr(scan, "ignores_case", lambda folder: True)

    def test_an_input_is_never_replaced(self):
        batch = plan(["in/c.JPG", "a.png"], "IN/", format="jpeg", overwrite=True)
        assert [job.target for job in batch.jobs] == [Path("IN/a.jpg")]
        assert "IN/c.jpg: is an input" in reasons(batch)[0]

    @pytest.mark.parametrize(("one", "other"), [("IMG.JPG", "img.png"), ("É.png", "e\u0301.jpg")])
    def test_two_inputs_never_share_an_output(self, one, other):
        for name in (one, other):
            Path(name).write_bytes(b"")
        batch = plan([one, other], "out/", format="tiff", overwrite=True)
        assert [job.source for job in batch.jobs] == [Path(one)]
        assert f"also that of {one}" in reasons(batch)[0]

    def test_given_twice_done_once(self):
        Path("A.PNG").write_bytes(b"")
        assert [job.source for job in plan(["a.png", "A.PNG"]).jobs] == [Path("a.png")]

    def test_an_output_folder_is_no_input(self):
        batch = plan(["in"], "in/DEEP/", recursive=True)
        assert [job.source for job in batch.jobs] == [Path("in/c.JPG")]


@pytest.mark.usefixtures("tree")
def test_where_case_counts_other_case_is_another_file():
    for name in ("IN/c.jpg", "in2/x", "DEEP.png", "deep.png"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(b"")
    Path("IN2").symlink_to("in2")
    if Path("in/c.jpg").exists():
        pytest.skip("this disk ignores case")
    for folder in ("in", "IN", "in/none", "in2", "IN2"):
        assert not scan.ignores_case(Path(folder).absolute())
    batch = plan(["in/c.JPG"], "IN/", format="jpeg", overwrite=True)
    assert [job.target for job in batch.jobs] == [Path("IN/c.jpg")]
    assert len(plan(["DEEP.png", "deep.png"], "out/").jobs) == 2


@pytest.mark.usefixtures("tree")
def test_a_disk_that_ignores_case_shows_by_its_folders(monkeypatch):
    there = {Path(name).absolute(): Path(name).lstat() for name in ("in", "in/deep")}
    folded = {str(path).casefold(): stat for path, stat in there.items()}

    def lstat(path: Path) -> os.stat_result:
        try:
            return folded[str(path).casefold()]
        except KeyError:
            raise FileNotFoundError from None

    monkeypatch.setattr(Path, "lstat", lstat)
    for folder in ("in", "IN/deep", "in/deep/none/12", "in/12"):
        assert scan.ignores_case(Path(folder).absolute())
    assert not scan.ignores_case(Path("/12"))


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize("output", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_may_be_named_by_its_path(output):
    assert plan(["a.png"], output).jobs == (Job(Path("a.png"), None),)
    assert plan(["-"], output).jobs == (Job(None, None),)


@pytest.mark.usefixtures("tree")
class TestPages:
    def test_they_stand_beside_the_results(self):
        (job,) = plan(["a.png"], compare=True).jobs
        assert job == Job(Path("a.png"), Path("a_n3dn.png"), "png", Path("a_n3dn_compare.html"))
        pages = [job.page for job in plan(["in"], "out", recursive=True, compare=True).jobs]
        assert pages == [Path("out/c_compare.html"), Path("out/deep/e_compare.html")]
        assert plan(["-"], "x.png", compare=True).jobs[0].page == Path("x_compare.html")
        assert plan(["a.png"]).jobs[0].page is None

    @pytest.mark.parametrize(("inputs", "output"), [(["a.png"], "-"), (["-"], None), (["-"], "-")])
    def test_not_beside_standard_output(self, inputs, output):
        with pytest.raises(ConfigError, match=r"--compare needs .* name one with -o"):
            plan(inputs, output, compare=True)

    @pytest.mark.parametrize(("inputs", "output"), [(["a.png"], "x.png"), (["-"], "x.png")])
    def test_they_are_kept_like_results(self, inputs, output):
        Path("x_compare.html").write_bytes(b"")
        batch = plan(inputs, output, compare=True)
        assert not batch.jobs
        assert reasons(batch) == ["x_compare.html: exists and is kept; give -y to replace it"]
        assert plan(inputs, output, compare=True, overwrite=True).jobs
        assert plan(inputs, output).jobs

    def test_who_keeps_a_name_has_it(self):
        for name in ("mixed/a.bmp", "mixed/a.png", "mixed/b.gif", "mixed/c.gif", "mixed/c.png"):
            Path(name).parent.mkdir(exist_ok=True)
            Path(name).write_bytes(b"")
        batch = plan(["mixed"], "out/")
        assert [(job.source.name, job.target.name) for job in batch.jobs] == [
            ("a.png", "a.png"),
            ("b.gif", "b.png"),
            ("c.png", "c.png"),
        ]
        assert [reason.partition(";")[0] for reason in reasons(batch)] == [
            "mixed/a.bmp: its output out/a.png is also that of mixed/a.png",
            "mixed/c.gif: its output out/c.png is also that of mixed/c.png",
        ]

    def test_two_results_never_share_one(self):
        Path("a.jpg").write_bytes(b"")
        batch = plan(["a.png", "a.jpg"], compare=True)
        assert [job.source for job in batch.jobs] == [Path("a.png")]
        assert "a_n3dn_compare.html is also that of a.png" in reasons(batch)[0]


names = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1, max_size=20
).filter(lambda name: len(name.encode()) < 100 and name.strip(". "))


@given(stems=st.lists(names, min_size=1, max_size=5, unique=True))
def test_every_input_is_a_job_or_a_failure(stems, tmp_path_factory):
    folder = tmp_path_factory.mktemp("any")
    inputs = [folder / f"{stem}.png" for stem in stems]
    for path in inputs:
        path.write_bytes(b"")
    batch = plan(inputs, recursive=True)
    targets = [job.target for job in batch.jobs]
    assert len(batch.jobs) + len(batch.refused) == len(inputs)
    assert len(set(targets)) == len(targets)
    assert not set(targets) & set(inputs)


def test_names_that_are_no_text(tmp_path):
    name = os.fsdecode(b"\xff\xfe.png")
    try:
        (tmp_path / name).write_bytes(b"")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    (job,) = plan([tmp_path]).jobs
    assert job.target == tmp_path / os.fsdecode(b"\xff\xfe_n3dn.png")
