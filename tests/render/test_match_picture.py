"""The picture of two pictures and their matches."""

import numpy as np

from n3cli.render.match_picture import draw_matches

FIRST = np.full((60, 80, 3), 10, np.uint8)
SECOND = np.full((40, 100, 3), 20, np.uint8)


def draw(probability):
    points = np.array([[10.0, 20]])
    return draw_matches(FIRST, SECOND, points, points + 10, np.array([probability]), "a → b")


def test_both_are_on_it():
    drawn = draw_matches(FIRST, SECOND, np.empty((0, 2)), np.empty((0, 2)), np.empty(0))
    assert drawn.shape[1] == 80 + 10 + 100
    assert drawn.shape[0] > 60
    np.testing.assert_array_equal(drawn[:60, :80], FIRST)
    np.testing.assert_array_equal(drawn[:40, 90:], SECOND)
    assert (drawn[:60, 80:90] == 255).all()


def test_colours_tell_the_probability():
    wrong, right = (draw(probability)[20, 10].astype(int) for probability in (0.0, 1.0))
    assert wrong[0] > 200 > 50 > wrong[1]
    assert right[1] > 200 > 50 > right[0]
    np.testing.assert_array_equal(draw(1.0)[30, 110], right)


def test_the_surest_is_on_top():
    points = np.array([[10.0, 20], [10.0, 20]])
    drawn = draw_matches(FIRST, SECOND, points, points, np.array([1.0, 0.0]))
    np.testing.assert_array_equal(drawn[20, 10], draw(1.0)[20, 10])
