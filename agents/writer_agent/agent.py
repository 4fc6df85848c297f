"""The writer: outlines with a template, drafts with the language model, and proofreads the draft.

Every other task streams, and a task of high priority asks the larger model: the same two kinds of calls that
real agents make.
"""

import itertools
import re
from typing import Any

from agents.base.agent import BaseAgent
from agents.base.errors import ToolFailed
from agents.writer_agent.templates import outline_of

MAX_TOKENS = 400
_LARGE = frozenset({"high", "critical"})


class Writer(BaseAgent):
    """Writes a short text about `data.topic`."""

    agent_name = "Writer"
    deployment = "writer-agent"
    description = "Writes short texts from an outline, with a language model."
    max_parallel_invocations = 2

    def __init__(self) -> None:
        self._numbers = itertools.count()

    def models_used(self) -> list[str]:
        """Give the two models of the settings."""
        return list(dict.fromkeys((self.settings.llm_model, self.settings.large_model)))

    def process_task(self, task: dict[str, Any]) -> dict[str, Any]:
        """Write; the result has `text`, `summary`, `model` and `words`."""
        topic = str(task["data"]["topic"])
        large = task.get("priority") in _LARGE
        stream = next(self._numbers) % 2 == 0
        model = self.settings.large_model if large else self.settings.llm_model
        self.emit_telemetry(
            "task_progress",
            {
                "reasoning": f"Writing {topic}: an outline first, then a draft by {model}, then a check.",
                "tools_planned": ["outline", "proofread"],
            },
        )
        with self.tool("outline", topic=topic) as returned:
            outline = outline_of(topic)
            returned["headings"] = outline
        answer = self.ask_model(_messages(topic, outline), model=model, stream=stream, max_tokens=MAX_TOKENS)
        self.emit_telemetry(
            "task_progress", {"reasoning": "The draft is there; checking it.", "tools_planned": ["proofread"]}
        )
        with self.tool("proofread", characters=len(answer.text)) as returned:
            words = _proofread(answer.text)
            returned["words"] = words
        return {
            "text": answer.text,
            "summary": f"{words} words on {topic}",
            "model": answer.model,
            "words": words,
        }


def _messages(topic: str, outline: list[str]) -> list[dict[str, Any]]:
    wanted = "\n".join(f"- {heading}" for heading in outline)
    return [
        {"role": "system", "content": "You write short, plain texts for engineers."},
        {"role": "user", "content": f"Write {topic}. Follow this outline:\n{wanted}"},
    ]


def _proofread(text: str) -> int:
    words = len(re.findall(r"\w+", text))
    if not words:
        raise ToolFailed("the draft is empty")
    return words


if __name__ == "__main__":
    Writer().run()
