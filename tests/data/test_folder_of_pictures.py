"""Which files of a tree are taken for pictures to train on."""

import pytest

from n3cli.data.location import list_originals, list_pictures
from n3cli.errors import DataError, N3Warning


def make(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return [root / name for name in names]


def test_pictures_of_the_whole_tree_in_order(tmp_path):
    pictures = make(tmp_path, "2.PNG", "a/b/1.tiff", "a/z.jpg", "c.webp")
    make(tmp_path, "notes.txt", "a/raw.dng", "jpg")
    assert list_pictures(tmp_path) == sorted(pictures)


def test_what_is_hidden_is_passed_over(tmp_path):
    pictures = make(tmp_path, "1.png")
    make(tmp_path, "._1.png", ".thumbnails/1.png", "a/.b/c/1.png")
    assert list_pictures(tmp_path) == pictures


def test_a_hidden_folder_that_is_named_itself_is_read(tmp_path):
    pictures = make(tmp_path / ".own", "1.png")
    assert list_pictures(tmp_path / ".own") == pictures


def test_what_is_no_file_is_passed_over(tmp_path):
    pictures = make(tmp_path, "1.png")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "broken.png").symlink_to(tmp_path / "nothing.png")
    assert list_pictures(tmp_path) == pictures


def test_a_folder_without_pictures_is_an_error(tmp_path):
    make(tmp_path, "notes.txt")
    with pytest.raises(DataError, match="no picture files"):
        list_pictures(tmp_path)


@pytest.mark.parametrize("name", ["absent", "1.png"])
def test_what_is_no_folder_is_an_error(tmp_path, name):
    make(tmp_path, "1.png")
    with pytest.raises(DataError, match="is not a folder"):
        list_pictures(tmp_path / name)


def test_results_of_n3_are_no_originals(tmp_path):
    originals = make(tmp_path, "a.png", "n3dn.png", "b_n3x.png", "b/c_n3dn_cut.jpg")
    make(tmp_path, "a_n3dn.png", "a_n3dn_n3x2.jpg", "b/c_n3up.tif")
    with pytest.warns(N3Warning, match="left out that n3 made: 3; the first: .*a_n3dn.png"):
        assert list_originals(tmp_path) == sorted(originals)
    assert len(list_pictures(tmp_path)) == 7
    make(tmp_path / "b", "c_n3dn_cut.jpg")[0].unlink()
    with pytest.raises(DataError, match=r"b: n3 made all pictures in it; give .* originals"):
        list_originals(tmp_path / "b")


@pytest.mark.parametrize("mode", [0, 0o600])
def test_a_closed_folder_is_told(tmp_path, close, mode):
    pictures = make(tmp_path, "1.png")
    make(tmp_path, "closed/2.png")
    close(tmp_path / "closed", mode)  # or one that may be listed and not entered
    with pytest.warns(N3Warning, match="folders left out: 1 .*closed"):
        assert list_pictures(tmp_path) == pictures
