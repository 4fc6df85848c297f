"""Which key a command on the stack's own machine uses."""

import pytest

from cli.keys import key_of


@pytest.mark.parametrize(
    ("entries", "key"),
    [
        ("", ""),
        ("k", "k"),
        ("c2VjcmV0cw==", "c2VjcmV0cw=="),
        ("prod=p, all", "all"),
        ("prod=p,default=d,all", "d"),
        ("default=c2VjcmV0cw==", "c2VjcmV0cw=="),
        ("prod=p", ""),
    ],
)
def test_a_key_for_the_environment_is_chosen_else_one_for_all(entries: str, key: str) -> None:
    assert key_of(entries, "default") == key
