"""Doubts answers of coordinators that lack commits which were there before; for both ways. Pure.

A coordinator that has just taken over tells, for a moment, less than all of a group's commits, and calls it
no error. So what is missing is believed when the next sample misses commits of that group again: offsets that
were deleted show one sample later.
"""

from collections.abc import Mapping

from collectors.kafka_collector.sample import Commit, GroupSample, TopicPartition

Commits = Mapping[TopicPartition, Commit]


class Losses:
    """Remembers the groups of which the last answer lacked something."""

    def __init__(self) -> None:
        self._doubted: frozenset[str] = frozenset()

    def take(self, answers: Mapping[str, Commits], before: Mapping[str, GroupSample]) -> dict[str, Commits]:
        """Take a sample's answers; give, of those that are doubted, the commits that count meanwhile."""
        doubted: dict[str, Commits] = {
            name: {**known.commits, **told}
            for name, told in answers.items()
            if name not in self._doubted
            and (known := before.get(name)) is not None
            and not known.commits.keys() <= told.keys()
        }
        self._doubted = frozenset(doubted)
        return doubted
