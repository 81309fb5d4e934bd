"""What validations leave of a run by the clock."""

import warnings

import pytest

from n3cli.errors import N3Warning
from n3cli.training.clock import end_of_steps, no_time


@pytest.mark.parametrize(
    ("minutes", "before", "ready", "validated", "end"),
    [
        (10, 0, 20, 120, 500),  # 380 s of 600 for steps
        (10, 300, 310, 380, 530),  # goes on; 150 s of the 300 that it still has
        (3, 0, 30, 105, 105),  # both validations fit, and nothing between them
        (1, 0, 30, 105, -15),
    ],
)
def test_steps_end_when_a_validation_still_fits(minutes, before, ready, validated, end):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = end_of_steps(
            minutes, before=before, ready=ready, validated=validated, validates=True
        )
    assert found == pytest.approx(end)


@pytest.mark.parametrize(
    ("before", "ready", "validated", "words"),
    [(0, 30, 100, "only 10 of 180 s"), (60, 70, 110, "only 30 of 120 s")],
)
def test_where_they_get_little_of_it_a_warning_says_why(before, ready, validated, words):
    with pytest.warns(N3Warning, match=rf"{words} .*took {validated - ready} s.*--minutes"):
        end_of_steps(3, before=before, ready=ready, validated=validated, validates=True)


def test_the_error_says_how_long_what_took_and_what_to_do():
    error = no_time(3.2, ready=29, validated=101, validates=True)
    assert "3.2 min are too short" in str(error)
    assert "29 s passed" in str(error)
    assert "took 72 s" in str(error)
    assert any("above 2.9 minutes (--minutes" in step for step in error.steps)
    assert any("validation.images=none" in step for step in error.steps)


def test_who_does_not_validate_is_not_told_to_do_less_of_it():
    error = no_time(1, ready=70, validated=70, validates=False)
    assert "70 s passed before the first step" in str(error)
    assert "validation" not in " ".join((str(error), *error.steps))
    assert any("above 1.2 minutes (--minutes" in step for step in error.steps)
    with pytest.warns(N3Warning, match="only 10 of 60 s .*--minutes N") as told:
        end_of_steps(1, before=0, ready=50, validated=50, validates=False)
    assert "validation" not in str(told[0].message)
