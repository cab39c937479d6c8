import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from panel_chunked.names import MAX_NAME_BYTES, numbered, safe_name, safe_relative_path

# What Windows reserves, as `ntpath.isreserved` of Python 3.13 has it.
DEVICES = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"} | {
    f"{port}{digit}" for port in ("COM", "LPT") for digit in "123456789¹²³"
}
FORBIDDEN = set('<>:"/\\|?*')

# Plain text rarely has what matters; this draws it often.
NASTY = st.sampled_from(
    ["a" * 150, "é" * 90, "/", "\\", "..", ".", "C:", "*", "e", "😀", "con", "CON.txt", "nul"]
) | st.sampled_from("\x00 \n\u202e\u200b\u2028\u0301\xa0\ud800")
NAMES = st.text(st.characters(), max_size=300) | st.lists(NASTY, max_size=12).map("".join)


def is_reserved(name: str) -> bool:
    return name.partition(".")[0].rstrip(" ").upper() in DEVICES


def assert_valid_everywhere(name: str) -> None:
    assert name not in ("", ".", "..")
    assert 0 < len(name.encode()) <= MAX_NAME_BYTES
    assert not FORBIDDEN.intersection(name)
    assert name[0] not in ". "
    assert name[-1] not in ". "
    assert not any(unicodedata.category(c)[0] == "C" for c in name if c not in "\u200c\u200d")
    assert len(name.splitlines()) == 1
    assert not is_reserved(name)
    assert PurePosixPath(name).name == name
    assert PureWindowsPath(name).name == name


@given(NAMES)
@example("e\u200b\u0301")  # only what is dropped kept these from being one character
@example("a\xa0.")
@example("a\u2028b")
@example("con .txt")
def test_safe_name_is_valid_on_every_system(name: str) -> None:
    assert_valid_everywhere(safe_name(name))


@given(NAMES)
@example("e\u200b\u0301")
@example("a\xa0.")
@example(" " * 3 + "." * 3)
@example("a" * 185 + ".." + "b" * 40)  # once it is cut, what is behind the dot is a suffix
def test_safe_name_stays_as_it_is(name: str) -> None:
    safe = safe_name(name)
    assert safe_name(safe) == safe


@given(NAMES | st.lists(NAMES, max_size=6).map("/".join))
def test_relative_path_stays_inside_and_has_safe_parts(path: str) -> None:
    safe = safe_relative_path(path)
    for part in safe.split("/"):
        assert_valid_everywhere(part)
    assert not PurePosixPath(safe).is_absolute()
    assert not PureWindowsPath(safe).drive
    assert safe_relative_path(safe) == safe


@given(NAMES, st.integers(1, 10**6))
def test_numbered_name_is_valid_and_another_one(name: str, number: int) -> None:
    safe = safe_name(name)
    other = numbered(safe, number)
    assert other != safe
    assert f"({number})" in other
    assert len(other.encode()) <= 255
    assert not is_reserved(other)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("report.csv", "report.csv"),
        ("Übersicht 2024 (final).xlsx", "Übersicht 2024 (final).xlsx"),
        ("表計算.ods", "表計算.ods"),
        ("", "file"),
        (".", "file"),
        ("..", "file"),
        ("......", "file"),
        ("   ", "file"),
        ("\x00\n\u202e", "file"),
        ("/etc/passwd", "_etc_passwd"),
        ("C:\\Windows\\system.ini", "C__Windows_system.ini"),
        ("a\x00b.txt", "ab.txt"),
        ("a\nb\tc.txt", "abc.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("\u2066a\u2069.txt", "a.txt"),
        (".bashrc", "_.bashrc"),
        ("name.", "name"),
        ("Wait....txt", "Wait....txt"),
        ("name. . ", "name"),
        ("CON", "_CON"),
        ("con.txt", "_con.txt"),
        ("Lpt1.tar.gz", "_Lpt1.tar.gz"),
        ("COM¹", "_COM¹"),
        ("CONSOLE.txt", "CONSOLE.txt"),
        ("a<b>c|d?.txt", "a_b_c_d_.txt"),
        ("e\u0301.txt", "é.txt"),
        ("👩‍👩‍👧.png", "👩‍👩‍👧.png"),  # one sign of five, held together by joiners
        ("می‌خواهم.txt", "می‌خواهم.txt"),
        ("\u200d\u200c", "file"),
    ],
)
def test_name_of_faults_row_19(name: str, safe: str) -> None:
    assert safe_name(name) == safe
    assert_valid_everywhere(safe)


def test_long_name_is_cut_at_a_character_and_keeps_its_suffix() -> None:
    safe = safe_name("ü" * 150 + ".csv")  # 304 bytes of UTF-8
    assert safe == "ü" * 98 + ".csv"
    assert len(safe_name("😀" * 75).encode()) == 200


def test_long_suffix_is_no_suffix() -> None:
    assert safe_name("a." + "b" * 300) == "a." + "b" * 198


@pytest.mark.parametrize(
    ("path", "safe"),
    [
        ("holiday/day 1/clip.mp4", "holiday/day 1/clip.mp4"),
        ("/etc/passwd", "etc/passwd"),
        ("../../etc/passwd", "etc/passwd"),
        ("a/../../b", "a/b"),
        ("a/./b//c/", "a/b/c"),
        ("back\\slash.txt", "back_slash.txt"),
        ("C:\\Windows\\..\\x.ini", "C__Windows_.._x.ini"),
        ("\\\\server\\share\\x", "__server_share_x"),
        ("a/ .. /b", "a/b"),
        ("a/..\x00/b", "a/file/b"),
        ("a/.../b", "a/file/b"),
        ("a/con/nul.txt", "a/_con/_nul.txt"),
        ("", "file"),
        ("/", "file"),
        ("..", "file"),
    ],
)
def test_relative_path_of_faults_row_19(path: str, safe: str) -> None:
    assert safe_relative_path(path) == safe


@pytest.mark.parametrize(
    ("name", "second"),
    [
        ("report.csv", "report (1).csv"),
        ("report", "report (1)"),
        ("data.tar.gz", "data.tar (1).gz"),
        ("v1." + "x" * 20, "v1." + "x" * 20 + " (1)"),
    ],
)
def test_number_goes_before_the_suffix(name: str, second: str) -> None:
    assert numbered(name, 1) == second
