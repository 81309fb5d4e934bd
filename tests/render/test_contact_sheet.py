"""Contact sheets: where pictures lie, in which colours, and what captions may touch."""

import sys

import numpy as np
import pytest

from n3cli.errors import ConfigError
from n3cli.render.contact_sheet import contact_sheet

RED, GREEN = np.uint8([255, 0, 0]), np.uint8([0, 255, 0])


def plain(height, width, colour):
    return np.broadcast_to(colour, (height, width, len(colour)))


def cut(sheet, row, column, cell=40):
    """The square that a picture is fitted into, and its caption's strip, by the layout's rule."""
    top, left = 8 + row * (cell + 24), 8 + column * (cell + 8)
    square = sheet[top : top + cell, left : left + cell]
    return square, sheet[top + cell : top + cell + 16, left : left + cell]


def test_pictures_lie_in_rows():
    pictures = [plain(40, 40, np.uint8([i, 2 * i, 3 * i])) for i in range(5)]
    sheet = contact_sheet(pictures, [str(i) for i in range(5)], columns=3, cell=40)
    assert (sheet.shape, sheet.dtype) == ((8 + 2 * 64, 8 + 3 * 48, 3), np.uint8)
    for i, picture in enumerate(pictures):
        square, strip = cut(sheet, i // 3, i % 3)
        assert (square == picture).all()
        assert strip.min() < 128  # something is written
    assert (cut(sheet, 1, 2)[0] == 255).all()
    assert (sheet[:8] == 255).all()
    assert (sheet[:, :8] == 255).all()


@pytest.mark.parametrize(
    ("count", "columns", "shape"),
    [(1, None, (72, 56)), (4, None, (136, 104)), (5, None, (136, 152)), (2, 6, (72, 104))],
)
def test_the_number_of_columns(count, columns, shape):
    pictures = [plain(3, 3, RED)] * count
    sheet = contact_sheet(pictures, [""] * count, columns=columns, cell=40)
    assert sheet.shape == (*shape, 3)


@pytest.mark.parametrize("shape", [(400, 100), (100, 400), (4000, 1), (41, 40), (7, 5)])
def test_the_form_is_kept(shape):
    square, _ = cut(contact_sheet([plain(*shape, GREEN)], [""], cell=40), 0, 0)
    drawn = (square == GREEN).all(-1)
    scale = min(1, 40 / max(shape))
    height, width = (max(1, round(side * scale)) for side in shape)
    assert drawn.sum() == height * width
    assert drawn[-height:].sum() == height * width  # at the bottom
    assert (square[~drawn] == 255).all()


@pytest.mark.parametrize(
    ("picture", "value"),
    [
        (np.full((9, 9, 1), 77, np.uint8), 77),
        (np.full((9, 9, 1), 65535, np.uint16), 255),
        (np.full((9, 9, 3), 257 * 99, np.uint16), 99),
        (np.full((9, 9, 3), 0.5, np.float32), 128),
        (np.full((9, 9, 1), -3, np.float32), 0),
        (np.full((9, 9, 1), np.nan, np.float32), 0),
        (np.full((9, 9, 1), 7, np.float64), 255),
    ],
)
def test_every_type_has_its_white(picture, value):
    square, _ = cut(contact_sheet([picture], [""], cell=40), 0, 0)
    assert (square[-9:, 15:24] == value).all()


def test_reduced_pictures_are_averages():
    board = np.indices((80, 80)).sum(0)[..., None] % 2
    square, _ = cut(contact_sheet([board.astype(np.float32)], [""], cell=40), 0, 0)
    assert set(np.unique(square)) <= {127, 128}


@pytest.mark.parametrize("caption", ["a very long name that goes on and on.png", "ä\n\x1b[2J☃", ""])
def test_captions_stay_in_their_place(caption):
    sheet = contact_sheet([plain(40, 40, GREEN)] * 2, [caption, ""], columns=2, cell=40)
    square, strip = cut(sheet, 0, 0)
    assert (square == GREEN).all()
    assert (strip.min() < 128) == bool(caption)
    strip[:] = square[:] = 255
    assert (cut(sheet, 0, 1)[0] == GREEN).all()
    assert (np.delete(sheet, range(8, 48), axis=0) == 255).all()


@pytest.mark.parametrize(("pictures", "captions"), [([], []), ([plain(3, 3, RED)], [])])
def test_a_caption_for_each(pictures, captions):
    with pytest.raises(ValueError, match="captions"):
        contact_sheet(pictures, captions)


def test_without_opencv(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(ConfigError, match="need OpenCV"):
        contact_sheet([plain(400, 400, RED)], [""])
