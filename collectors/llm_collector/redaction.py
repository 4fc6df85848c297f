"""What must not be kept of a text: keys, e-mail addresses, card and phone numbers, what is configured (pure).

Used only where LLM_STORE_TEXT is on. Every pattern reads a text in linear time, and LLM_REDACT_PATTERNS are
run by RE2, which does so by construction. Of a text that is too long the beginning and the end are kept; what
lies across a cut is redacted whole, or left out with it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import msgspec
import re2

from schema.errors import SettingError

MAX_CHARACTERS = 16_384
HEAD_CHARACTERS = 12_288
TAIL_CHARACTERS = 3_840
"""Together with the mark between them no more than MAX_CHARACTERS."""
MARGIN_CHARACTERS = 4_096
"""So much behind the head is read too, for what begins in the head and ends there."""
MAX_MATCHES = 500
LEFT_OUT = "[left out: redacting it takes too long]"

_ESCAPED = r"(?<=\\[bfnrt])|(?<=\\u[0-9a-fA-F]{4})"
"""What tools are called with is JSON inside of a text: the letter before a key may be of an escape."""
_KEYS = re.compile(
    rf"(?:(?<![A-Za-z0-9])|{_ESCAPED})(?:"
    + "|".join((
        r"(?:[cr]?sk|rk|xai|pplx|tvly|nvapi|pypi)-[\w-]{8,}", r"[srp]k_(?:live|test)_\w{8,}",
        r"(?:sk|fw|r8|gsk|hf|npm|sbp|dop_v1|shp[a-z]{2}|whsec|lsv2_[a-z]{2})_\w{16,}",
        r"xox[a-z]-[\w-]{8,}", r"xapp-[\w-]{8,}", r"(?:AKIA|ASIA)[A-Z0-9]{16}", r"gh[pousr]_\w{16,}",
        r"github_pat_\w{16,}", r"glpat-[\w-]{16,}", r"AIza[\w-]{30,}", r"ya29\.[\w-]{16,}",
        r"dapi[0-9a-f]{32}", r"hvs\.[\w-]{16,}",
        r"SG\.[\w-]{16,}\.[\w-]{16,}", r"eyJ[\w-]{8,}(?:\.[\w-]*){0,4}",
    ))
    + ")"
)  # fmt: skip
_BEARER = re.compile(r"(?i)\b(?:bearer|basic)\s+([\w.~+/=-]{8,})")
_QUOTE = r"(?:\\{0,7}[\"'])?"
_NAMED = re.compile(
    r"(?i)(?:(api[_ -]?key|(?:access|account|private|shared)[_-]?key|secret|passw(?:or)?d|passphrase|pwd"
    r"|credential|access[_-]?token)|token|_pass)"
    rf"[\w-]{{0,32}}{_QUOTE}\s{{0,4}}[:=]\s{{0,4}}{_QUOTE}"
    r"((?:[^\s\"',;\\]|\\\\(?![\"'])|\\(?![\"'bfnrtu\\])){6,})"
)
"""A value ends at its quotation mark, which is escaped in JSON inside of a text."""
_IN_ADDRESS = re.compile(r"(?<=://)[^\s/:@]{0,256}:([^\s/]{1,256})(?=@)")
_PRIVATE = r"-----{} [A-Z0-9 ]{{0,32}}PRIVATE KEY(?: BLOCK)?-----"
_PRIVATE_KEY = re.compile(_PRIVATE.format("BEGIN") + r"[\s\S]*?(?:" + _PRIVATE.format("END") + r"|\Z)")
_PRIVATE_KEY_END = re.compile(_PRIVATE.format("END"))
_EMAIL = re.compile(r"(?<![\w.%+-])[\w.%+-]++@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_CARD = re.compile(r"(?<![\d.])[2-6](?:[ -]?\d){12,18}(?!\d)")
_PHONE = re.compile(
    r"(?<![\w+])\+\d(?:[ ().-]{0,2}\d){6,14}(?!\d)"
    r"|(?<![\w.-])(?:1[ .-])?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?!\w)"
    r"|(?<![\w.:-])0\d{1,4}[ /-]\d{2,4}(?:[ -]?\d{2,4}){1,3}(?![\w:])"
)
_PHONE_DIGITS = range(8, 16)
# Most texts have nothing of a kind; RE2 says so in a tenth of the time.
_MAYBE_KEY = re2.compile(
    r"(?:sk|rk|xai|pplx|tvly|nvapi|pypi|xapp)-|k_live|k_test|(?:sk|fw|r8|hf|npm|sbp|v1|shp..|whsec|lsv2_..)_"
    r"|xox|AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|AIza|ya29\.|dapi|hvs\.|SG\.|eyJ|PRIVATE KEY|://"
)
_MAYBE_NAMED = re2.compile(
    r"(?i)(?:key|secret|passwd|password|passphrase|pwd|credential|token|_pass)"
    r"[\w-]{0,32}(?:\\*[\"'])?\s{0,4}[:=]|bearer|basic"
)
_MAYBE_NUMBER = re2.compile(r"(?:\pN[ ().\-/]{0,2}){8}")
_PATTERNS_FORM = 'a JSON list of regular expressions in the syntax of RE2, like ["ORDER-[0-9]{6}"], is taken'


class _Span(NamedTuple):
    begin: int
    end: int
    what: str


@dataclass(frozen=True)
class Excerpt:
    """A text that waits to be redacted: whole, or its beginning and its end without what is between."""

    head: str
    tail: str = ""
    mark: str = ""
    """What stands between the two; empty where nothing is left out."""


def beginning_of(text: str) -> Excerpt:
    """Take a text of which only the beginning is known: MAX_CHARACTERS, and one more where it goes on."""
    if len(text) <= MAX_CHARACTERS:
        return Excerpt(text)
    return Excerpt(text[: HEAD_CHARACTERS + MARGIN_CHARACTERS], "", " […the rest is left out…]")


def excerpt_of(text: str) -> Excerpt:
    """Cut a text before it is redacted."""
    if len(text) <= MAX_CHARACTERS:
        return Excerpt(text)
    head = text[: HEAD_CHARACTERS + MARGIN_CHARACTERS]
    begin = len(text) - TAIL_CHARACTERS
    # No word is cut in two: half a key would not be known as one.
    gap = re.compile(r"\s").search(text, begin)
    tail = text[gap.start() :] if gap else ""
    left_out = len(text) - HEAD_CHARACTERS - len(tail)
    return Excerpt(head, tail, f" […{left_out} characters left out…]")


class Redactor:
    """Redacts texts; `patterns` is LLM_REDACT_PATTERNS. Raises SettingError when that is no such list."""

    def __init__(self, patterns: str = "[]") -> None:
        try:
            told = msgspec.json.decode(patterns, type=list[str])
        except msgspec.DecodeError:
            raise SettingError(f"LLM_REDACT_PATTERNS is wrong: {_PATTERNS_FORM}") from None
        options = re2.Options()
        options.log_errors = False
        self._own = []
        for number, pattern in enumerate(told):
            try:
                self._own.append(re2.compile(pattern, options))
            except re2.error:
                raise SettingError(
                    f"LLM_REDACT_PATTERNS is wrong: entry {number + 1} cannot be read; {_PATTERNS_FORM}"
                ) from None

    def redact(self, excerpt: Excerpt) -> str:
        """Give a text as it may be kept, of at most MAX_CHARACTERS."""
        head = self._redacted(excerpt.head, HEAD_CHARACTERS if excerpt.mark else len(excerpt.head))
        tail = self._redacted(excerpt.tail, len(excerpt.tail), is_tail=True)
        if head is None or tail is None:
            return LEFT_OUT
        text = f"{head}{excerpt.mark}{tail}"
        # Marks may be longer than what they stand for.
        return text if len(text) <= MAX_CHARACTERS else f"{text[: MAX_CHARACTERS - 1]}…"

    def _redacted(self, text: str, until: int, *, is_tail: bool = False) -> str | None:
        """Give a text up to a place, with all that begins before it redacted; None when there is too much."""
        pieces: list[str] = []
        at = 0
        found: list[_Span] = []
        for span in chain(_spans(text, is_tail=is_tail), self._own_spans(text)):
            found.append(span)
            if len(found) > MAX_MATCHES:
                return None
        for span in sorted(found):
            if span.begin >= until:
                break
            if span.begin >= at:
                pieces += [text[at : span.begin], f"[redacted:{span.what}]"]
            at = max(at, span.end)
        return "".join([*pieces, text[at:until]])

    def _own_spans(self, text: str) -> Iterator[_Span]:
        for own in self._own:
            for one in own.finditer(text):
                if one.end() > one.start():
                    yield _Span(one.start(), one.end(), "pattern")


def _spans(text: str, *, is_tail: bool) -> Iterator[_Span]:
    if is_tail and (end := _PRIVATE_KEY_END.search(text)) and not _PRIVATE_KEY.search(text, 0, end.start()):
        yield _Span(0, end.end(), "key")
    if _MAYBE_KEY.search(text):
        for pattern in (_PRIVATE_KEY, _KEYS, _IN_ADDRESS):
            for one in pattern.finditer(text):
                yield _Span(*one.span(pattern.groups), "key")
    if _MAYBE_NAMED.search(text):
        for one in _NAMED.finditer(text):
            if one[1] or _is_mixed(one[2]):
                yield _Span(*one.span(2), "key")
        for one in _BEARER.finditer(text):
            if len(one[1]) >= 20 or any(letter.isdigit() for letter in one[1]):
                yield _Span(*one.span(1), "key")
    for one in _EMAIL.finditer(text) if "@" in text else ():
        yield _Span(*one.span(), "email")
    yield from _number_spans(text) if _MAYBE_NUMBER.search(text) else ()


def _is_mixed(value: str) -> bool:
    """Say whether it may be a token's value: numbers of tokens are told by the same name, and words too."""
    return len(value) >= 8 and any(one.isdigit() for one in value) and any(one.isalpha() for one in value)


def _number_spans(text: str) -> Iterator[_Span]:
    for one in _CARD.finditer(text):
        if _is_card(_digits(one[0])):
            yield _Span(*one.span(), "card")
    for one in _PHONE.finditer(text):
        if len(_digits(one[0])) in _PHONE_DIGITS and not _is_date(one[0]):
            yield _Span(*one.span(), "phone")


def _digits(text: str) -> list[int]:
    return [int(letter) for letter in text if letter.isdigit()]


def _is_date(text: str) -> bool:
    return re.fullmatch(r"\d{2}[ /-]\d{2}[ /-]?\d{4}", text) is not None


def _is_card(digits: list[int]) -> bool:
    """Check the last digit as Luhn's formula has it."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        double = digit * 2 if place % 2 else digit
        total += double - 9 if double > 9 else double
    return total % 10 == 0
