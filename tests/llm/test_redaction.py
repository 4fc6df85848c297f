"""What is kept of a text holds no secret, no address and no number of a person, and is bounded."""

import json
import time

import pytest

from collectors.llm_collector.redaction import LEFT_OUT, MAX_CHARACTERS, Redactor, beginning_of, excerpt_of
from schema.errors import SettingError

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\nq8Zr\n-----END RSA PRIVATE KEY-----"
PLAIN = Redactor()


def redacted(text: str) -> str:
    return PLAIN.redact(excerpt_of(text))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("key sk-proj-abcDEF123_456-xyz.", "key [redacted:key]."),
        ("sk-ant-api03-AAAA-bbbb", "[redacted:key]"),
        ("xoxb-123456789-abcdef and AKIAIOSFODNN7EXAMPLE", "[redacted:key] and [redacted:key]"),
        ("ghp_0123456789abcdefABCD, github_pat_11ABCDEFG0123456", "[redacted:key], [redacted:key]"),
        ("postgres://u:p@ss@h/db", "postgres://u:[redacted:key]@h/db"),
        ("sk_live_0123456789", "[redacted:key]"),
        (f"token {JWT}!", "token [redacted:key]!"),
        ("Authorization: Bearer abc123def", "Authorization: Bearer [redacted:key]"),
        ("a bearer certificates market", "a bearer certificates market"),
        (f"before\n{PEM}\nafter", "before\n[redacted:key]\nafter"),
        (PEM.partition("q8Zr")[0], "[redacted:key]"),
        ('{"api_key": "0123456789abcdef"}', '{"api_key": "[redacted:key]"}'),
        ("password=hunter2hunter2 ok", "password=[redacted:key] ok"),
        ("postgres://me:geheim@db/x", "postgres://me:[redacted:key]@db/x"),
        ("write to jane.doe+x@mail.example.org, please", "write to [redacted:email], please"),
        ("jürgen@münchen.de", "[redacted:email]"),
        ("an @mention and a@b", "an @mention and a@b"),
        ("pay 4111 1111 1111 1111 now", "pay [redacted:card] now"),
        ("pay 5500-0000-0000-0004 now", "pay [redacted:card] now"),
        ("order 4111111111111112", "order 4111111111111112"),
        ("at 1767225600000 ms", "at 1767225600000 ms"),
        ("call +49 (30) 901820-12", "call [redacted:phone]"),
        ("call (212) 555-0123 or 212.555.0124", "call [redacted:phone] or [redacted:phone]"),
        ("Ruf 030 901 8200 an", "Ruf [redacted:phone] an"),
        ("on 2026-02-06 at 14:32:11, 06-02-2026", "on 2026-02-06 at 14:32:11, 06-02-2026"),
        ("10.0.0.7, 192.168.100.200 and v1.2.3", "10.0.0.7, 192.168.100.200 and v1.2.3"),
        ("+1 is fine, 3.14159265358979 too", "+1 is fine, 3.14159265358979 too"),
        ("a task-management-system", "a task-management-system"),
        ("", ""),
        ("nothing to see", "nothing to see"),
    ],
)
def test_what_is_redacted_and_what_is_not(text: str, kept: str) -> None:
    assert redacted(text) == kept


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-abcdefgh1234567890ABCDEFGH", "sk-ant-api03-abcdefgh_ijk-AA", "AKIAABCDEFGHIJKLMNOP",
        "ghp_abcdefghijklmnopqrstuvwxyz012345", "gsk_abcdefghijklmnopqrstuvwxyz0123456789abcdef",
        "xai-abcdefghijklmnopqrstuvwxyz0123456789", "pplx-abcdefghijklmnopqrstuvwxyz0123456789",
        "r8_abcdefghijklmnopqrstuvwxyz0123456789", "ya29.a0AfH6SMBabcdefghijklmnopqrstuvwxyz",
        "SG.abcdefghijklmnopqrstuv.wxyz0123456789abcdefghijklmnopqrstuvwxyz", "hvs.CAESIabcdefghijklmnop",
        "sbp_abcdefghijklmnopqrstuvwxyz0123456789", "dapi0123456789abcdef0123456789abcdef",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "before", ["", "X=", "\n", "\\n", "\\t", "\\r\\n", "\\u000a", '\\"', '\\\\\\"', "KEY="]
)
def test_a_key_is_known_behind_whatever_stands_before_it(secret: str, before: str) -> None:
    """Arguments of tools are JSON inside of a text, and JSON once more inside of that."""
    assert redacted(f'{{"t": "a{before}{secret}"}}' if before else secret).count("[redacted:key]") == 1
    assert secret[-8:] not in redacted(f"a{before}{secret} b" if before else secret)


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("password", "hunter2secret"), ("api_key", "0123456789abcdef0123"), ("pwd", "hunter2hunter2"),
        ("DB_PASS", "hunter2hunter2"), ("token", "8f7a9c8d7e6f5a4b3c2d"), ("client_secret", "abcdefghijk"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), ("password", "pass\\\\word1"),
        ("AccountKey", "abcdefghijklmnopqrstuvwxyz0123456789=="),
    ],
)  # fmt: skip
def test_what_a_secrets_name_stands_before_is_redacted_however_deep(
    name: str, value: str, depth: int
) -> None:
    text = json.dumps({name: value, "then": "kept"})
    for _ in range(depth):
        text = json.dumps({"arguments": text})
    kept = redacted(text)
    assert kept.count("[redacted:key]") == 1
    assert value[-5:] not in kept
    assert "kept" in kept
    assert redacted(f"{name}={value} kept") == f"{name}=[redacted:key] kept"


@pytest.mark.parametrize(
    "text",
    ['{"total_tokens": 1234567}', "tokens: several", "a token: string", "compass: northern", "pwd: /tmp"],
)
def test_what_only_sounds_like_a_secret_is_kept(text: str) -> None:
    assert redacted(text) == text


def test_ones_own_patterns_are_redacted_too() -> None:
    redactor = Redactor(json.dumps([r"ORDER-\d{6}", "(?i)project aurora"]))
    kept = redactor.redact(excerpt_of("ä ORDER-123456 of Project Aurora"))
    assert kept == "ä [redacted:pattern] of [redacted:pattern]"


@pytest.mark.parametrize(
    "patterns", ["nope", "{}", "[1]", '["("]', '["(?=a)b"]', '["(a)\\\\1"]', '["a{100000}"]', '["ok", "["]']
)
def test_a_pattern_that_cannot_be_run_safely_is_refused_in_one_line(patterns: str) -> None:
    with pytest.raises(SettingError, match="LLM_REDACT_PATTERNS is wrong") as refused:
        Redactor(patterns)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "a" * MAX_CHARACTERS, "1" * MAX_CHARACTERS, "1 " * (MAX_CHARACTERS // 2), "@" * MAX_CHARACTERS,
        "a@" * (MAX_CHARACTERS // 2), "a.b-" * (MAX_CHARACTERS // 4), "://a:" * (MAX_CHARACTERS // 5),
        "-----BEGIN PRIVATE KEY-----" * 600, "eyJaaaaaaaa." * 1300, "bearer " * 2300, "+1(" * 5000,
        "api_key = " * 1600, "token" * 3200, "\\" * MAX_CHARACTERS, 'pwd="' * 3200,
        "+49 (30) 9" * 1600, "sk-" * 5000, "x" * 2_000_000,
    ],
    ids=str.split(
        "letters digits spaced at addresses words urls pem jwt bearer plus named tokens slashes pwds"
        " phones sk huge"
    ),
)  # fmt: skip
def test_no_text_takes_long(text: str) -> None:
    redactor, excerpt = Redactor('["(a|a)*b", "(x+)+y"]'), excerpt_of(text)
    took = []
    for _ in range(3):
        began = time.perf_counter()
        kept = redactor.redact(excerpt)
        took.append(time.perf_counter() - began)
    assert len(kept) <= MAX_CHARACTERS
    assert min(took) < 0.05  # it takes a few milliseconds; a pattern that backtracks takes minutes


def test_a_text_with_more_to_redact_than_is_bearable_is_left_out_whole() -> None:
    assert Redactor(r'["\\d"]').redact(excerpt_of("1 " * 600)) == LEFT_OUT


def test_a_long_text_keeps_its_beginning_and_its_end_and_says_what_is_left_out() -> None:
    kept = redacted("BEGIN " + "word " * 20_000 + "END")
    assert kept.startswith("BEGIN word")
    assert kept.endswith("word END")
    assert "characters left out…]" in kept
    assert len(kept) <= MAX_CHARACTERS


@pytest.mark.parametrize(
    "secret", [JWT * 3, "sk-" + "a1" * 150, PEM, "4111 1111 1111 1111", "jane@example.org"]
)
@pytest.mark.parametrize("offset", range(0, 300, 23))
def test_no_secret_is_cut_in_two(secret: str, offset: int) -> None:
    filler = "word " * 40_000
    for place in (12_288 - offset, len(filler) - 3_840 - offset):
        text = filler[:place] + f" {secret} " + filler[place:]
        kept = redacted(text)
        pieces = [piece for piece in secret.replace("-----", " ").split() if len(piece) > 3]
        assert not [piece for piece in pieces if piece[-8:] in kept]


def test_the_end_of_a_private_key_whose_beginning_is_left_out_is_redacted() -> None:
    key = "-----BEGIN PRIVATE KEY-----\n" + "MIIabcd\n" * 900 + "-----END PRIVATE KEY-----"
    kept = redacted("word " * 40_000 + key + " bye")
    assert kept.endswith("characters left out…][redacted:key] bye")


def test_an_answer_of_which_only_the_beginning_is_known_says_so() -> None:
    kept = PLAIN.redact(beginning_of("w" + "word " * 4_000))
    assert kept.endswith("word wo […the rest is left out…]")
    assert PLAIN.redact(beginning_of("short")) == "short"
