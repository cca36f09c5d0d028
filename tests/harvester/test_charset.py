"""Bytes to text: what is declared, what is true, and the issue that tells them apart."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from catalog.model import Issue
from harvester.charset import decode

TEXT = "Één dataset over cafés in Liège: bezoekers, tarieven en openingsuren, bijgewerkt op vrijdag"


@pytest.mark.parametrize(
    ("encoding", "declared", "code"),
    [
        ("utf-8", "utf-8", None),
        ("utf-8", "UTF8", None),
        ("utf-8", None, None),
        ("utf-8-sig", None, None),
        ("utf-8-sig", "utf-8", None),
        ("utf-8-sig", "iso-8859-1", "wrong_charset"),
        ("utf-8", "iso-8859-1", "wrong_charset"),
        ("utf-8", "windows-1252", "wrong_charset"),
        ("utf-8", "utf-16", "wrong_charset"),
        ("utf-8", "klingon", "wrong_charset"),
        ("utf-8", "base64", "wrong_charset"),
        ("utf-8", "unicode_escape", "wrong_charset"),
        ("iso-8859-1", "iso-8859-1", None),
        ("cp1252", "windows-1252", None),
        ("cp1252", "iso-8859-1", None),
        ("cp1252", "utf-8", "wrong_charset"),
        ("cp1252", "us-ascii", None),
        ("cp1252", None, "missing_charset"),
        ("iso-8859-15", "latin9", None),
        ("utf-16", "utf-16", None),
        ("utf-16", None, "missing_charset"),
        ("utf-16-le", "utf-16le", None),
        ("utf-16-le", None, "missing_charset"),
        ("utf-16-be", None, "missing_charset"),
        ("utf-32", None, "missing_charset"),
    ],
)
def test_decode_when_a_portal_sends_text_then_reads_it(encoding: str, declared: str | None, code: str | None) -> None:
    text, issues = decode(TEXT.encode(encoding), declared)
    assert text == TEXT
    assert [issue.code for issue in issues] == ([code] if code else [])


def test_decode_when_declared_as_latin_1_then_means_windows_as_on_the_web() -> None:
    assert decode("“vijf” – € 5".encode("cp1252"), "iso-8859-1") == ("“vijf” – € 5", ())


def test_decode_when_seven_bit_japanese_is_declared_then_is_not_taken_for_ascii() -> None:
    assert decode("日本".encode("iso2022_jp"), "iso-2022-jp") == ("日本", ())


def test_decode_when_the_declaration_lies_then_the_issue_keeps_it() -> None:
    assert decode(b"abc", "klingon")[1] == (Issue(stage="fetch", code="wrong_charset", value="klingon"),)
    assert decode("é".encode("cp1252") * 9, None)[1][0].stage == "fetch"


def test_decode_when_large_then_only_a_sample_is_examined() -> None:
    body = (b"x" * 99 + b"\n") * 200_000 + TEXT.encode("cp1252")
    begun = time.process_time()
    text, _ = decode(body, None)
    assert text.endswith(TEXT)
    assert time.process_time() - begun < 2


NAMES = st.one_of(
    st.none(),
    st.text(max_size=20),
    st.sampled_from(
        ["utf-8", "latin-1", "utf-16", "utf-32", "utf-7", "zlib", "idna", "punycode", "big5", "hz", "rot13"]
    ),
    st.sampled_from(
        ["undefined", "mbcs", "unicode_escape", "raw_unicode_escape", "iso2022_jp_2", "shift_jis", "cp037"]
    ),
)


@given(st.binary(max_size=400), NAMES)
@example(b"", "x\0y")
@example(b"\xff\xfe\x00", None)
@example(b"\xd8\x00", "utf-16-be")
@example(b"\\N{x}", "unicode_escape")
def test_decode_when_given_anything_then_never_raises(body: bytes, declared: str | None) -> None:
    text, issues = decode(body, declared)
    assert isinstance(text, str)
    assert all(issue.code in ("wrong_charset", "missing_charset") for issue in issues)


@given(st.text(max_size=200).filter(lambda text: "\0" not in text and not text.startswith("\ufeff")))
def test_decode_when_utf_8_is_declared_then_is_exact(text: str) -> None:
    assert decode(text.encode(), "utf-8") == (text, ())
