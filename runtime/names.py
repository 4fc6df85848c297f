"""Names that others chose (consumer groups, topics, agents) on their way to a sentence or a table. Pure.

A broker takes any text as a group's id: line breaks, overrides of the writing direction, nothing but a blank.
The dashboard shows them by the same rules (`frontend/src/components/names.ts`).
"""

MAX_NAME = 80
"""Characters of a name in a sentence."""
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""What Unicode counts as printable, and nobody sees."""


def readable(name: str, most: int = MAX_NAME) -> str:
    r"""Give a name on one line: white space is collapsed, what nobody sees is written as `\u{202e}`.

    Overrides of the writing direction are among it. A longer name than `most` characters loses its middle,
    for names of one family differ at their ends. A name of nothing but white space is written out.
    """
    text = seen(name) or "".join(map(_written_out, name))
    if len(text) <= most:
        return text
    end = most // 3
    return f"{text[: most - end - 1]}…{text[-end:]}"


def seen(text: str) -> str:
    """Give a text of others on one line, as `readable` does, but whole; white space alone is empty."""
    signs = " ".join(text.split())
    if signs.isprintable() and _BLANK.isdisjoint(signs):
        return signs
    return "".join(one if one.isprintable() and one not in _BLANK else _written_out(one) for one in signs)


def _written_out(sign: str) -> str:
    return f"\\u{{{ord(sign):x}}}"
