"""What else than tokens an answer says it used: searches, and other tools that are charged apart (pure).

A response of OpenAI lists the uses of its tools in `output`, and a stream tells each in an event before. Only
searches have a price that is known here: any other sign makes the cost of the call unknown, for the price of
its tokens alone would be believed.
"""

from typing import Any

from collectors.llm_collector.generated import MAX_PARTS

_ITEM = "response.output_item.done"
_SEARCH = "web_search_call"
_CHARGED = frozenset({
    "file_search_call", "code_interpreter_call", "image_generation_call", "shell_call", "x_search_call",
    "collections_search_call", "code_execution_call",
})  # fmt: skip
"""Tools of OpenAI and of xAI that are charged by call, container or image. MCP and computer use are not."""
SIGNS = frozenset({"annotations", "executed_tools"})
"""In a chat: pages that search models of OpenAI quote, and tools that compound models of Groq ran."""
_PREVIEW = "web_search_preview"
"""The older tool costs more with models that do not reason, and its results are then no tokens."""


def searches_of(part: dict[str, Any]) -> int:
    """Count the searches in a response, or in the event of one; opening a page found is not charged."""
    return sum(_searches(item) for item in _items(part))


def unpriced_in(part: dict[str, Any]) -> int:
    """Count the signs of tools whose price is not known."""
    items = _items(part)
    found = sum(item.get("type") in _CHARGED for item in items) + _unread(part)
    if any(item.get("type") == _SEARCH for item in items):
        found += sum(str(tool.get("type")).startswith(_PREVIEW) for tool in _list(part.get("tools")))
    return found


def _unread(part: dict[str, Any]) -> bool:
    """Say whether uses of tools were told that were too large to read, as generated images are."""
    if part.get("type") == _ITEM:
        return part.get("item") is None
    return part.get("object") == "response" and "output" in part and part["output"] is None


def _searches(item: dict[str, Any]) -> bool:
    if item.get("type") != _SEARCH or item.get("status") == "failed":
        return False
    action = item.get("action")
    return not isinstance(action, dict) or action.get("type", "search") == "search"


def _items(part: dict[str, Any]) -> list[dict[str, Any]]:
    if part.get("type") == _ITEM:
        return _list([part.get("item")])
    return _list(part.get("output")) if part.get("object") == "response" else []


def _list(value: Any) -> list[dict[str, Any]]:
    return [one for one in value[:MAX_PARTS] if isinstance(one, dict)] if isinstance(value, list) else []
