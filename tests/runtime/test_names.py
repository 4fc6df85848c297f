"""Names that others chose, as people may read them; the dashboard's names.test.ts holds the same rules."""

import pytest

from runtime.names import MAX_NAME, readable, seen


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("writer-agent.v2", "writer-agent.v2"),
        ("Bücher 📚 数据", "Bücher 📚 数据"),
        ("a\nb\t c ", "a b c"),
        ("safe\u202etxt.exe", "safe\\u{202e}txt.exe"),
        ("\u2066a\u2069", "\\u{2066}a\\u{2069}"),
        ("a\x00b\u200bc\u3164", "a\\u{0}b\\u{200b}c\\u{3164}"),
        ("\U000e0041", "\\u{e0041}"),
        (" ", "\\u{20}"),
        ("\n\t", "\\u{a}\\u{9}"),
        ("x" * MAX_NAME, "x" * MAX_NAME),
        ("a" * 128 + "b" * 128, "a" * 53 + "…" + "b" * 26),
    ],
)
def test_a_name_is_written_so_that_nothing_of_it_is_hidden(name: str, shown: str) -> None:
    assert readable(name) == shown
    assert len(shown) <= MAX_NAME


def test_a_text_is_kept_whole_on_one_line() -> None:
    assert seen("x" * 999) == "x" * 999
    assert seen("a\nb\u202e") == "a b\\u{202e}"
    assert seen(" \n") == ""
