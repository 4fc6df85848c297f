"""The groups by the admin API, as one of the two ways: what changed since the last sample, what has ended."""

from collections.abc import Mapping
from dataclasses import replace

from collectors.kafka_collector.coordinators import Told
from collectors.kafka_collector.losses import Losses
from collectors.kafka_collector.sample import GroupSample, GroupsSample

MISSING_SAMPLES = 4
"""A group that so many lists in a row leave out has ended, once its coordinator says that it is gone.

A coordinator that is still loading after a broker's start, or is not there at all, leaves its groups out of
the list without an error; asked about one of them it says so.
"""
NOT_LISTED = "groups are not listed: deleted, or their coordinator is loading"


class AdminWay:
    """Remembers the groups of the last sample. Pure: what the coordinators told is handed in."""

    def __init__(self) -> None:
        self._groups: Mapping[str, GroupSample] = {}
        self._missing: dict[str, int] = {}
        self._losses = Losses()

    def take(self, told: Told) -> GroupsSample:
        """Take what the coordinators told; give the groups that there are."""
        groups = {name: _kept(one, self._groups.get(name)) for name, one in told.groups.items()}
        answers = {name: one.commits for name, one in told.groups.items() if not one.refused}
        for name, commits in self._losses.take(answers, self._groups).items():
            groups[name] = replace(groups[name], commits=commits)
        errors = told.errors
        waiting = self._groups.keys() - groups.keys()
        if told.whole:
            self._missing = {name: self._missing.get(name, 0) + 1 for name in waiting}
            waiting = {name for name in waiting if not self._has_ended(name, told)}
            if waiting:
                errors = (*errors, _not_listed(waiting, told))
        for name in waiting:
            before, why = self._groups[name], told.doubtful.get(name)
            groups[name] = replace(before, refused=f"it is not listed: {why}") if why else before
        ended = frozenset(self._groups.keys() - groups.keys())
        changed = frozenset(name for name, one in groups.items() if self._groups.get(name) != one)
        self._groups = groups
        return GroupsSample(groups, changed, ended, told.whole, errors)

    def follow(self, sample: GroupsSample) -> None:
        """Take over the groups that the other way knows: this one may have to go on from there.

        What a sample that is not whole lacks has not ended.
        """
        kept: Mapping[str, GroupSample] = {}
        if not sample.whole:
            kept = {name: one for name, one in self._groups.items() if name not in sample.ended}
        self._groups, self._missing = {**kept, **sample.groups} if kept else sample.groups, {}

    @property
    def missing(self) -> frozenset[str]:
        """Give the groups that have been missing for so long that their coordinators are to be asked."""
        return frozenset(name for name, count in self._missing.items() if count >= MISSING_SAMPLES - 1)

    def _has_ended(self, name: str, told: Told) -> bool:
        return self._missing[name] >= MISSING_SAMPLES and name in told.gone


def _not_listed(waiting: set[str], told: Told) -> str:
    reasons = sorted({reason for name, reason in told.doubtful.items() if name in waiting})
    return f"{len(waiting)} {NOT_LISTED}" + (f" ({'; '.join(reasons)})" if reasons else "")


def _kept(group: GroupSample, before: GroupSample | None) -> GroupSample:
    """Keep what was known of a group that cannot be read now: what is unknown is not nothing."""
    if not group.refused or before is None:
        return group
    return replace(before, state=group.state, refused=group.refused)
