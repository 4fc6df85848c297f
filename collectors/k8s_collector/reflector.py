"""List, then watch: one resource of one namespace, followed without missing a change.

The protocol is that of https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes.
`step` is one connection; `follow` is the endless loop around it. A watch resumes at the last resource version
that it was told of (bookmarks move it while nothing changes); where the server no longer has that (410), the
list is read anew, and what is not in it is gone. The list comes as the beginning of the watch (a streaming
list) where the server can do that, else in pages.
"""

import asyncio
import random
from collections.abc import Callable

import msgspec

from collectors.base.collector import Item, Partial
from collectors.k8s_collector import watch_events
from collectors.k8s_collector.interfaces import Lines, Server, Sink
from collectors.k8s_collector.objects import AnyObject
from collectors.k8s_collector.resources import Resource
from collectors.k8s_collector.threads import in_thread
from collectors.k8s_collector.watch_events import UNREADABLE
from schema.errors import SourceExpired, SourceRefused

PAGE = 500
WATCH_SECONDS = (300, 600)
"""The server ends a watch after a time of this range, so that not all of them end together."""
RETRY_SECONDS = (0.2, 30.0)
LONG_SECONDS = 90.0
"""A bookmark comes about every minute."""
SHORT_SECONDS = 2.0
"""A connection that lasted no longer did not work: the next one waits, twice as long each time."""
_PASSING = frozenset({408, 425, 429})
_NO_STREAMING = frozenset({400, 405, 415, 422})
"""How a server answers that does not know streaming lists."""


class Reflector:
    """Follows one resource in one namespace; what it knows outlives a connection, and an outage."""

    def __init__(self, resource: Resource, namespace: str, sink: Sink) -> None:
        self.resource = resource
        self.part = resource.part(namespace)
        self.settled = False
        """Whether it is in step with the server, or knows that it may not be, in this pass."""
        self.refused = ""
        self._path = resource.path(namespace)
        self._sink = sink
        self._version = ""
        self._known: set[str] = set()
        self._listed: set[str] | None = None
        self._unreadable: dict[str, str] = {}
        self._streams_lists = True
        self._is_silent = False
        self._was_whole = False
        self._told: str | None = None

    async def follow(self, server: Server, settled: Callable[[], None]) -> None:
        """Follow until cancelled. Raises SourceUnavailable when the server does not answer."""
        loop = asyncio.get_running_loop()
        self._told = None  # What was told last may have been lost with the pass before.
        wait_seconds = RETRY_SECONDS[0]
        while True:
            began = loop.time()
            try:
                await self.step(server, settled)
            except SourceExpired:
                self._version = ""
            except SourceRefused as error:
                self.refused = str(error)
                await self._tell()
                # Trouble of the server passes: 5xx, too many requests, and what it says in no known form.
                self.settled = 400 <= error.status < 500 and error.status not in _PASSING
                settled()
            if not self.refused and loop.time() - began > SHORT_SECONDS:
                wait_seconds = RETRY_SECONDS[0]
                continue  # A watch that ended after a while is resumed at once.
            await asyncio.sleep(wait_seconds * random.uniform(0.5, 1.0))  # noqa: S311 - only jitter
            wait_seconds = min(2 * wait_seconds, RETRY_SECONDS[1])

    async def step(self, server: Server, settled: Callable[[], None]) -> None:
        """Open one watch, after a list where one is needed, and follow it to its end."""
        if not self._version and not self._streams_lists:
            await self._list(server)
        streaming, began = not self._version, asyncio.get_running_loop().time()
        try:
            stream = await in_thread(server.watch, self._path, self._query(streaming))
        except SourceRefused as error:
            if streaming and error.status in _NO_STREAMING:
                self._streams_lists = False
                await self.step(server, settled)
                return
            if error.status == 410:
                raise SourceExpired(str(error)) from None
            raise
        try:
            self.refused = ""
            if streaming:
                self._listed, self._unreadable = set(), {}
            else:
                self._settle(settled)
            await self._tell()
            await self._follow(stream, settled)
        finally:
            stream.close()
        if asyncio.get_running_loop().time() - began > LONG_SECONDS:
            self._doubt()
        if "" in self._unreadable:
            self._version = ""  # Only the list tells what that object, whichever it was, is now.

    async def _follow(self, stream: Lines, settled: Callable[[], None]) -> None:
        self._is_silent = True
        while lines := await stream.batch():
            self._is_silent = False
            if stream.passed_over:
                self._unreadable[""] = f"{stream.passed_over} objects were too large to be read"
            items: list[Item] = []
            try:
                for line in lines:
                    items += self._take(line)
            finally:
                # What came before an error is known by now, and no later connection tells it again.
                if items:
                    await self._sink.put(items)
            await self._tell()
            if self._listed is None:
                self._settle(settled)

    def _doubt(self) -> None:
        """Begin anew after a long watch that told nothing, not even a bookmark.

        It may have begun with a list that does not end, which is read in pages next; or at a version that the
        server has not reached, for its data was restored from before.
        """
        if self._listed is not None:
            self._streams_lists = False
        elif self._is_silent:
            self._version = ""

    @property
    def is_whole(self) -> bool:
        """Whether it is settled, and knows every object: what it cannot read is there all the same."""
        return self.settled and (bool(self.refused) or not self._unreadable)

    def _settle(self, settled: Callable[[], None]) -> None:
        if not self.settled or self.is_whole != self._was_whole:
            self.settled = True
            self._was_whole = self.is_whole
            settled()

    def _take(self, line: bytes) -> list[Item]:
        """Take one event of the watch. Raises SourceExpired, SourceRefused."""
        try:
            event = watch_events.EVENT.decode(line)
        except RecursionError:
            self._unreadable[""] = "an object is nested too deeply to be read"
            return []
        except UNREADABLE as error:
            raise SourceRefused(0, f"the watch does not speak JSON: {error}") from None
        match event.type:
            case "ADDED" | "MODIFIED":
                return self._changed(event.object)
            case "DELETED":
                return self._deleted(event.object)
            case "BOOKMARK":
                return self._bookmark(event.object)
            case "ERROR":
                self._error(event.object)
        return []

    def _changed(self, raw: msgspec.Raw) -> list[Item]:
        value = self._decode(raw)
        if value is None:
            return []
        uid = value.metadata.uid
        self._known.add(uid)
        if self._listed is None:
            self._version = value.metadata.resource_version
        else:
            self._listed.add(uid)
        try:
            return self._sink.changed(value)
        except (ValueError, OverflowError) as error:  # A time that no calendar holds, in UTC.
            self._unreadable[uid] = f"{value.metadata.namespace}/{value.metadata.name}: {error}"
            return []

    def _deleted(self, raw: msgspec.Raw) -> list[Item]:
        named = self._named(raw)
        if named is None:
            return []
        self._unreadable.pop(named.uid, None)
        self._known.discard(named.uid)
        if self._listed is None:
            self._version = named.resource_version
        else:
            self._listed.discard(named.uid)
        try:
            last = self.resource.decoder.decode(raw)
            return self._sink.gone(self.resource.type, named.uid, last)
        except (*UNREADABLE, ValueError, OverflowError):
            return self._sink.gone(self.resource.type, named.uid, None)  # Its end is told all the same.

    def _bookmark(self, raw: msgspec.Raw) -> list[Item]:
        try:
            metadata = watch_events.BOOKMARK.decode(raw).metadata
        except UNREADABLE as error:
            raise SourceRefused(0, f"a bookmark cannot be read: {error}") from None
        if self._listed is None:
            self._version = metadata.resource_version
        elif watch_events.ends_list(metadata):
            self._version = metadata.resource_version
            return self._end_list()
        return []

    def _error(self, raw: msgspec.Raw) -> None:
        try:
            status = watch_events.STATUS.decode(raw)
        except UNREADABLE as error:
            raise SourceRefused(0, f"an error cannot be read: {error}") from None
        if status.code == 410 or status.reason in ("Expired", "Gone"):
            raise SourceExpired(status.message)
        raise SourceRefused(status.code, f"{status.reason}: {status.message}"[:500])

    async def _list(self, server: Server) -> None:
        """Read the whole list in pages."""
        self._listed, self._unreadable = set(), {}
        after = ""
        while True:
            query = {"limit": str(PAGE), **self._selector()}
            if after:
                query["continue"] = after
            try:
                body = await in_thread(server.get, self._path, query)
            except SourceRefused as error:
                raise (SourceExpired(str(error)) if error.status == 410 else error) from None
            try:
                page = watch_events.PAGE.decode(body)
            except UNREADABLE as error:
                raise SourceRefused(0, f"the list cannot be read: {error}") from None
            await self._sink.put([item for raw in page.items or () for item in self._changed(raw)])
            after = page.metadata.continue_
            if not after:
                self._version = page.metadata.resource_version
                await self._sink.put(self._end_list())
                return

    def _end_list(self) -> list[Item]:
        """What the list did not name is gone, unless the list had something in it that has no name."""
        listed, self._listed = self._listed or set(), None
        if "" in self._unreadable:
            listed |= self._known
        absent, self._known = self._known - listed, listed
        return [item for uid in sorted(absent) for item in self._sink.gone(self.resource.type, uid, None)]

    def _decode(self, raw: msgspec.Raw) -> AnyObject | None:
        """Decode an object; one that breaks its contract keeps the state that it had."""
        try:
            value = self.resource.decoder.decode(raw)
        except UNREADABLE as error:
            named = self._named(raw)
            if named is not None:
                self._unreadable[named.uid] = f"{named.namespace}/{named.name}: {error}"
                (self._known if self._listed is None else self._listed).add(named.uid)
                if self._listed is None:
                    self._version = named.resource_version
            return None
        self._unreadable.pop(value.metadata.uid, None)
        return value

    def _named(self, raw: msgspec.Raw) -> watch_events.NamedMetadata | None:
        try:
            return watch_events.NAMED.decode(raw).metadata
        except UNREADABLE as error:
            self._unreadable[""] = f"an object without a name: {error}"
            return None

    async def _tell(self) -> None:
        """Say what of this part cannot be read, when that changed."""
        unreadable = "; ".join(sorted(self._unreadable.values())[:3])
        more = len(self._unreadable) - 3
        reason = self.refused or unreadable + (f"; and {more} more" if more > 0 else "")
        if reason != self._told:
            self._told = reason
            await self._sink.put([Partial((self.part,), reason)])

    def _selector(self) -> dict[str, str]:
        return {"fieldSelector": self.resource.selector} if self.resource.selector else {}

    def _query(self, streaming: bool) -> dict[str, str]:
        seconds = random.randint(*WATCH_SECONDS)  # noqa: S311 - only jitter
        query = {"watch": "1", "allowWatchBookmarks": "true", "timeoutSeconds": str(seconds)}
        if streaming:
            query |= {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
        else:
            query["resourceVersion"] = self._version
        return query | self._selector()
