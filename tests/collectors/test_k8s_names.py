"""Names of Kubernetes → ids of the log."""

from hypothesis import given
from hypothesis import strategies as st

from collectors.k8s_collector.names import MAX_ID, entity_id


@given(st.lists(st.text(max_size=200), min_size=1, max_size=4))
def test_an_id_is_never_too_long_and_always_the_same(parts: list[str]) -> None:
    assert len(entity_id(*parts)) <= MAX_ID
    assert entity_id(*parts) == entity_id(*parts)


def test_long_names_that_begin_alike_have_different_ids() -> None:
    assert entity_id("agents", "research") == "agents/research"
    assert entity_id("n" * 250, "first") != entity_id("n" * 250, "other")
