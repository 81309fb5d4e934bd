"""Running: order of events, and what a failure stops."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from n3cli.errors import InputError, ModelError, N3Warning
from n3cli.jobs.plan import Job, Plan, Refused
from n3cli.jobs.run import Advanced, Done, Failed, Skipped, Started, Summary, run

JOBS = tuple(Job(Path(name), Path(f"{name}_out"), "png") for name in "abc")


def test_one_bad_file_does_not_stop_the_others():
    bad, unplanned = InputError("b is bad"), Refused(Path("d"), None, InputError("gone"))
    events = []

    def work(job, progress):
        progress(0.5)
        if job is JOBS[1]:
            raise bad
        return job.source.name.upper()

    summary = run(Plan(JOBS, (unplanned,)), lambda: work, events.append)

    assert summary == Summary(done=2, failed=2)
    assert str(summary) == "2 done, 2 failed"
    assert summary.exit_code == 1
    a, b, c = JOBS
    timeless = [Done(e.job, e.result, 0) if isinstance(e, Done) else e for e in events]
    assert timeless == [
        unplanned,
        *(Started(a), Advanced(a, 0.5), Done(a, "A", 0)),
        *(Started(b), Advanced(b, 0.5), Failed(b, bad)),
        *(Started(c), Advanced(c, 0.5), Done(c, "C", 0)),
    ]


@pytest.mark.parametrize("error", [ModelError("no weights"), BrokenPipeError(), KeyError("a bug")])
def test_what_is_no_fault_of_a_file_ends_the_run(error):
    begun = []

    def work(job, progress):
        begun.append(job)
        raise error

    with pytest.raises(type(error)):
        run(Plan(JOBS), lambda: work, lambda event: None)
    assert begun == [JOBS[0]]


def test_warnings_name_their_file_once_each():
    def work(job, progress):
        for text in ("loud", "loud", f"{job.source}: soft", f"{job.target}: reduced"):
            warnings.warn(text, N3Warning, stacklevel=1)
        warnings.warn("of a library", UserWarning, stacklevel=1)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        run(Plan(JOBS[:2]), lambda: work, lambda event: None)
    assert [str(warning.message) for warning in caught] == [
        *("a: loud", "a: soft", "a_out: reduced", "of a library"),
        *("b: loud", "b: soft", "b_out: reduced", "of a library"),
    ]


def test_nothing_is_made_ready_for_no_jobs():
    plan = Plan((), (Refused(None, None, InputError("gone")),), existing=JOBS[:2])
    events = []
    summary = run(plan, lambda: pytest.fail("made ready"), events.append)
    assert summary == Summary(done=0, failed=1, skipped=2)
    assert str(summary) == "0 done, 1 failed, 2 skipped"
    assert events == [*plan.refused, *map(Skipped, JOBS[:2])]


def test_what_appears_while_a_batch_runs_is_kept(tmp_path):
    jobs = [Job(None, tmp_path / name, "png") for name in "ab"]
    events = []

    def work(job, progress):
        jobs[1].target.write_text("precious")
        return job

    assert run(Plan((*jobs,)), lambda: work, events.append) == Summary(done=1, failed=1)
    assert str(events[-1].error) == f"{tmp_path / 'b'}: exists and is kept; give -y to replace it"
    again = [Job(None, job.target, "png", replace=True) for job in jobs]
    assert run(Plan((*again,)), lambda: work, events.append) == Summary(done=2, failed=0)


def test_where_a_page_appeared_nothing_is_computed(tmp_path):
    job = Job(None, tmp_path / "a.png", "png", tmp_path / "a_compare.html")
    job.page.write_text("precious")
    events = []
    summary = run(Plan((job,)), lambda: lambda *_: pytest.fail("computed"), events.append)
    assert summary == Summary(done=0, failed=1)
    assert str(events[-1].error).startswith(f"{job.page}: exists and is kept")


def test_all_done():
    summary = run(Plan(JOBS), lambda: lambda job, progress: None, lambda event: None)
    assert (str(summary), summary.exit_code) == ("3 done", 0)
