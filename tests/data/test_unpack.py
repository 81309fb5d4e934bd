"""Archives unpacked: honest, damaged and hostile ones."""

import base64
import hashlib
import io
import random
import stat
import tarfile
import zipfile

import pytest

from n3cli.data.fetch import member as member_module
from n3cli.data.fetch import place as place_module
from n3cli.data.fetch import unpack as module
from n3cli.data.fetch.member import BadArchiveError, archive_kind
from n3cli.data.fetch.unpack import copy_folder, unpack
from n3cli.errors import DataError

CONTENTS = {f"set/{i}/{i:02} é.png": random.Random(i).randbytes(700 * i) for i in range(1, 8)}

# From the tests of rarfile (ISC licence, Marko Kreen): stored files, links, compressed files.
RAR_STORED = (
    "UmFyIRoHAQDz4YLrCwEFBwAGAQGAgIAAWyrxsjACAwuGAASGAKSDAsekBMmAAAESc3ViL2RpcjIvZmlsZTIudHh0"
    "CgMTCNwVX4XkBhNmaWxlMgokNHkgOAIDC4gABIgApIMCfSS3cYAAARpzdWIvd2l0aCBzcGFjZS9sb25nIGZuLnR4"
    "dAoDEyncFV9mv8sdbG9uZyBmbgoOjzxzOAIDC4UABIUApIMCwYnsL4AAARpzdWIvw7zItcSpw7bhuIvDqC9maWxl"
    "LnR4dAoDE0TdFV+dEHMIZmlsZQqvrxG4MAIDC4YABIYApIMCBPcp4oAAARJzdWIvZGlyMS9maWxlMS50eHQKAxP9"
    "2xVfHJEnNGZpbGUxCtVl6Z4kAgMLAAUA7YMBAAAAAIAAAQhzdWIvZGlyMgoDEwjcFV/ICfsT1nxQqSoCAwsABQDt"
    "gwEAAAAAgAABDnN1Yi93aXRoIHNwYWNlCgMTKdwVX1vbgh6UOOweJQIDCwAFAO2DAQAAAACAAAEJc3ViL2VtcHR5"
    "CgMT5dsVX/bv4ArIG6fPLQIDCwAFAO2DAQAAAACAAAERc3ViL8O8yLXEqcO24biLw6gKAxNE3RVfmSwqCYEdQEkk"
    "AgMLAAUA7YMBAAAAAIAAAQhzdWIvZGlyMQoDE/3bFV8Nrd40msCgER8CAwsABQDtgwEAAAAAgAABA3N1YgoDEzLd"
    "FV+8OWMOHXdWUQMFBAA="
)
RAR_LINKS = (
    "UmFyIRoHAQAzkrXlCgEFBgAFAQGAgABuR35XMgIDGAAECP/DAgAAAACAQAEJZGF0YV9saW5rCgMTBuQdXzlDegcM"
    "BQEACGRhdGEudHh0/Yr6ESYCAwuFAASFALSDAoLFweaAQAEIZGF0YS50eHQKAxPt4x1f8MPfIWRhdGEKXgUHFDgC"
    "AxwABAz/wwIAAAAAgEABC3JhbmRvbV9saW5rCgMTSOgdX2WpcDUQBQEADC4uL3JhbmRvbTEyMx13VlEDBQQA"
)
RAR_COMPRESSED = (
    "UmFyIRoHADvQcwgADQAAAAAAAAAc8XSAgDYAEQAAAAIAAAADU/xRZwKG5j4dNRYApIEAANGD0LjQuNC+0L7RgtC4"
    "0LLQuy50eHSnGDDY998j8QAAv4hn9qn/1AX2dJCANAANAAAAAgAAAANT/FFnAobmPh01FACkgQAA8J2QgPCdkIHw"
    "nZCB8J2Qgi50eHSHrY13gwC/iGf2qf/UxD17AEAHAA=="
)


def make_zip(path, contents, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, body in contents.items():
            archive.writestr(name, body)
    return path


def make_tar(path, contents, mode="w"):
    with tarfile.open(path, mode) as archive:
        for name, body in contents.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    return path


def make(tmp_path, name, contents=CONTENTS):
    mode = {".tgz": "w:gz", ".bz2": "w:bz2", ".xz": "w:xz"}.get(name[name.rindex(".") :], "w")
    path = tmp_path / name
    return make_zip(path, contents) if name.endswith(".zip") else make_tar(path, contents, mode)


def content(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def refused(archive, tmp_path, reason):
    """An archive is refused, and nothing of it is anywhere but in the stage."""
    before = content(tmp_path)
    with pytest.raises(BadArchiveError, match=reason):
        unpack(archive, tmp_path / "deep" / "stage")
    after = {name: body for name, body in content(tmp_path).items() if "stage/" not in name}
    assert after == before


ALL_KINDS = ["a.zip", "a.tar", "a.tgz", "a.tar.bz2", "a.tar.xz"]


@pytest.mark.parametrize("name", ALL_KINDS)
def test_all_of_it_comes_out(tmp_path, name):
    told = []
    found = unpack(make(tmp_path, name), tmp_path / "out", told=told.append)
    assert content(tmp_path / "out") == CONTENTS
    assert {file.path: (file.size, file.sha256) for file in found} == {
        path: (len(body), hashlib.sha256(body).hexdigest()) for path, body in CONTENTS.items()
    }
    assert sum(told) == sum(map(len, CONTENTS.values()))


def test_what_macos_adds_is_left_out(tmp_path):
    extra = {"__MACOSX/set/._1.png": b"x", "set/.DS_Store": b"x", "set/._2.png": b"x"}
    unpack(make(tmp_path, "a.zip", {**CONTENTS, **extra}), tmp_path / "out")
    assert content(tmp_path / "out") == CONTENTS


def test_folders_of_windows_are_folders(tmp_path):
    unpack(make(tmp_path, "a.tar", {"set\\1.png": b"1"}), tmp_path / "out")
    assert content(tmp_path / "out") == {"set/1.png": b"1"}


OUTSIDE = ["../evil", "a/../../evil", "/etc/evil", "C:/evil", "c:evil", "..\\evil", "a\\..\\evil"]


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize("name", OUTSIDE)
def test_names_that_lead_out(tmp_path, kind, name):
    archive = make(tmp_path, f"a.{kind}", {"good.png": b"good", name: b"evil"})
    refused(archive, tmp_path, "leads out of the folder")


@pytest.mark.parametrize("name", ["a//b", "a\nb", "a/\x1b[2J", "./"[:1]])
def test_names_that_are_none(tmp_path, name):
    refused(make(tmp_path, "a.zip", {name: b"x"}), tmp_path, "is not a file name")


WINDOWS_HAS_NOT = ["x/a:b.png", "a?.png", 'a"b', "NUL", "x/nul.png", "Com1 .x/a.png", "a.", "x /a"]


@pytest.mark.parametrize("name", WINDOWS_HAS_NOT)
def test_names_that_windows_has_not(tmp_path, monkeypatch, name):
    archive = make(tmp_path, "a.zip", {"good.png": b"good", name: b"x"})
    monkeypatch.setattr(member_module, "ON_WINDOWS", True)
    refused(archive, tmp_path, "is a name that Windows does not have")
    unpack(make(tmp_path, "b.zip", {"console.com1/a b.c.png": b"x"}), tmp_path / "fine")
    monkeypatch.setattr(member_module, "ON_WINDOWS", False)
    unpack(archive, tmp_path / "out")
    assert content(tmp_path / "out")[name] == b"x"


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize(
    "pair", [("A.png", "a.PNG"), ("a/B", "A/b"), ("a", "a/b"), ("a/b", "A"), ("é", "e\u0301")]
)
def test_names_that_are_one_on_other_systems(tmp_path, kind, pair):
    refused(make(tmp_path, f"a.{kind}", dict.fromkeys(pair, b"x")), tmp_path, "occurs twice")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_same_name_twice(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a", b"1")
        archive.writestr("a", b"2")
    refused(tmp_path / "a.zip", tmp_path, "occurs twice")


def test_our_own_record_cannot_come_from_outside(tmp_path):
    refused(make(tmp_path, "a.zip", {".N3-files.json": b"{}"}), tmp_path, "that n3 uses itself")


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
@pytest.mark.parametrize("goal", ["/etc/passwd", "../x", "good.png"])
def test_links_and_devices_in_a_tar(tmp_path, kind, goal):
    make_tar(tmp_path / "a.tar", {"good.png": b"good"})
    with tarfile.open(tmp_path / "a.tar", "a") as archive:
        info = tarfile.TarInfo("link")
        info.type, info.linkname = kind, goal
        archive.addfile(info)
    refused(tmp_path / "a.tar", tmp_path, "is a link or a device")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_in_a_zip(tmp_path, kind):
    info = zipfile.ZipInfo("link")
    info.create_system, info.external_attr = 3, (kind | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    refused(tmp_path / "a.zip", tmp_path, "is a link or a device")


@pytest.mark.parametrize("name", ["a.zip", "a.tgz", "a.tar.xz"])
def test_a_bomb(tmp_path, name):
    refused(make(tmp_path, name, {"zeros": bytes(30 << 20)}), tmp_path, "200 times its size")
    assert content(tmp_path).keys() == {name}


def test_many_small_bombs(tmp_path):
    contents = {f"{i}": bytes(1 << 20) for i in range(20)}
    refused(make(tmp_path, "a.tgz", contents), tmp_path, "200 times its size")


def test_more_than_it_says(tmp_path):
    """A member's header tells a smaller size than what its stream unpacks to."""
    make_zip(tmp_path / "a.zip", {"a.png": b"x" * 5000})
    body = (tmp_path / "a.zip").read_bytes().replace((5000).to_bytes(4, "little"), b"\x10\0\0\0")
    (tmp_path / "a.zip").write_bytes(body)
    refused(tmp_path / "a.zip", tmp_path, "is damaged")
    assert all(len(body) <= 16 for name, body in content(tmp_path).items() if name != "a.zip")


@pytest.mark.parametrize("name", ALL_KINDS)
@pytest.mark.parametrize("damage", ["cut", "spoilt"])
def test_damage(tmp_path, name, damage):
    archive = make(tmp_path, name)
    body = bytearray(archive.read_bytes())
    if damage == "cut":
        body = body[: len(body) // 2]
    elif name == "a.tar":
        body[len(body) // 2 // 512 * 512] ^= 1  # a tar has checksums of its headers only
        body[:100] = b"x" * 100
    else:
        body[len(body) // 2] ^= 1
    archive.write_bytes(body)
    refused(archive, tmp_path, "is damaged|is not a zip, tar or rar")


@pytest.mark.parametrize(
    "body", [b"", b"<html>404</html>", b"PK\x03\x04", b"\x1f\x8b", b"Rar!\x1a\x07\1"]
)
def test_no_archive(tmp_path, body):
    (tmp_path / "a.zip").write_bytes(body)
    refused(tmp_path / "a.zip", tmp_path, "is damaged|is not a zip, tar or rar archive")


def test_a_locked_archive(tmp_path):
    make_zip(tmp_path / "a.zip", {"a.png": b"secret"}, zipfile.ZIP_STORED)
    body = bytearray((tmp_path / "a.zip").read_bytes())
    body[6] |= 1
    body[body.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "a.zip").write_bytes(body)
    with pytest.raises(DataError, match=r"encrypted.*unpack it yourself"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


def test_the_disk_must_have_room_for_what_comes_out(tmp_path, monkeypatch):
    archive = make(tmp_path, "a.zip")
    monkeypatch.setattr(place_module, "_SPARE", 1 << 62)
    with pytest.raises(DataError, match=r"MB are free.*--dir"):
        unpack(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_disk_fills_up(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.os, "fsync", full)
    with pytest.raises(DataError, match=r"No space left.*free some space"):
        unpack(make(tmp_path, "a.zip"), tmp_path / "out")


def rar(tmp_path, text):
    (tmp_path / "a.rar").write_bytes(base64.b64decode(text))
    return tmp_path / "a.rar"


def test_a_rar_archive(tmp_path):
    pytest.importorskip("rarfile")
    unpack(rar(tmp_path, RAR_STORED), tmp_path / "out")
    assert content(tmp_path / "out") == {
        "sub/dir1/file1.txt": b"file1\n",
        "sub/dir2/file2.txt": b"file2\n",
        "sub/with space/long fn.txt": b"long fn\n",
        "sub/üȵĩöḋè/file.txt": b"file\n",
    }


def test_a_rar_archive_with_links(tmp_path):
    pytest.importorskip("rarfile")
    refused(rar(tmp_path, RAR_LINKS), tmp_path, "is a link or a device")


def test_a_damaged_rar_archive(tmp_path):
    pytest.importorskip("rarfile")
    archive = rar(tmp_path, RAR_STORED)
    archive.write_bytes(archive.read_bytes().replace(b"file2\n", b"file9\n"))
    refused(archive, tmp_path, "is damaged")


def test_a_rar_archive_without_a_program(tmp_path, monkeypatch):
    rarfile = pytest.importorskip("rarfile")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(rarfile, "CURRENT_SETUP", None)
    with pytest.raises(DataError, match=r"unrar, unar, 7z or bsdtar.*--from"):
        unpack(rar(tmp_path, RAR_COMPRESSED), tmp_path / "out")


def test_a_rar_archive_without_its_reader(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "rarfile", None)
    with pytest.raises(DataError, match=r"pip install 'n3cli\[rar\]'"):
        unpack(rar(tmp_path, RAR_STORED), tmp_path / "out")


def test_a_folder_is_copied(tmp_path):
    for name, body in {**CONTENTS, ".hidden/1": b"x", "set/.hidden": b"x"}.items():
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(body)
    found = copy_folder(tmp_path / "in", tmp_path / "out")
    assert content(tmp_path / "out") == CONTENTS
    assert [file.path for file in found] == sorted(CONTENTS)


@pytest.mark.parametrize("name", ALL_KINDS)
def test_kinds_are_told_by_content(tmp_path, name):
    kind = archive_kind(make(tmp_path, name))
    assert kind == ("zip" if name.endswith("zip") else "tar")
