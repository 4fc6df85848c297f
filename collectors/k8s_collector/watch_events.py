"""What a list and a watch are made of, around the objects: events, bookmarks, errors, pages.

https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/ (Status, ListMeta) and
https://kubernetes.io/docs/reference/using-api/api-concepts/ (watch events, bookmarks, streaming lists).
"""

from typing import Annotated

import msgspec
from msgspec import Meta

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding an object may raise: not JSON or another type, not UTF-8, nested thousands of levels deep."""
_END_OF_LIST = "k8s.io/initial-events-end"


class Event(msgspec.Struct):
    """One line of a watch."""

    type: str
    object: msgspec.Raw


class BookmarkMetadata(msgspec.Struct, rename="camel"):
    """How far a watch has come."""

    resource_version: str
    annotations: dict[str, str] | None = None


class Bookmark(msgspec.Struct):
    """The object of a BOOKMARK."""

    metadata: BookmarkMetadata


class Status(msgspec.Struct):
    """The object of an ERROR."""

    code: int = 0
    reason: str = ""
    message: str = ""


class PageMetadata(msgspec.Struct, rename="camel"):
    """Where a list stands, and how to go on with it."""

    resource_version: str = ""
    continue_: str = msgspec.field(default="", name="continue")


class Page(msgspec.Struct):
    """One page of a list; its objects stay bytes, so that a wrong one costs only itself."""

    metadata: PageMetadata
    items: list[msgspec.Raw] | None = None


class NamedMetadata(msgspec.Struct, rename="camel"):
    """What names an object, and nothing more that could be wrong."""

    name: str
    uid: Annotated[str, Meta(min_length=1)]
    namespace: str = ""
    resource_version: str = ""


class Named(msgspec.Struct):
    """Of an object that cannot be read, what can."""

    metadata: NamedMetadata


EVENT = msgspec.json.Decoder(Event)
BOOKMARK = msgspec.json.Decoder(Bookmark)
STATUS = msgspec.json.Decoder(Status)
PAGE = msgspec.json.Decoder(Page)
NAMED = msgspec.json.Decoder(Named)


def ends_list(metadata: BookmarkMetadata) -> bool:
    """Say whether this bookmark ends the list that a watch began with."""
    return (metadata.annotations or {}).get(_END_OF_LIST) == "true"
