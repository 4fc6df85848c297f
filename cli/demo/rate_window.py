"""A model's rate limit: requests and tokens within the last sixty seconds (pure; the clock is handed in)."""

from collections import deque
from dataclasses import dataclass

WINDOW_SECONDS = 60.0


@dataclass(frozen=True)
class Verdict:
    """Whether a request is let in, and what the headers say; times in seconds."""

    refused: str | None
    """`requests` or `tokens`, whichever limit stands against it."""
    retry_after_seconds: float
    remaining_requests: int
    remaining_tokens: int
    reset_requests_seconds: float
    reset_tokens_seconds: float


class RateWindow:
    """A sliding window over what was let in."""

    def __init__(self, requests_per_minute: int, tokens_per_minute: int) -> None:
        self.requests_per_minute = requests_per_minute
        self.tokens_per_minute = tokens_per_minute
        self._taken: deque[tuple[float, int]] = deque()

    def ask(self, tokens: int, now: float) -> Verdict:
        """Let a request of so many tokens in, or refuse it and say when to come again."""
        while self._taken and self._taken[0][0] <= now - WINDOW_SECONDS:
            self._taken.popleft()
        refused, wait = None, 0.0
        if len(self._taken) >= self.requests_per_minute:
            refused, wait = "requests", self._taken[0][0] + WINDOW_SECONDS - now
        elif self._used() + tokens > self.tokens_per_minute:
            refused, wait = "tokens", self._until_free(tokens, now)
        else:
            self._taken.append((now, tokens))
        reset = self._taken[-1][0] + WINDOW_SECONDS - now if self._taken else 0.0
        return Verdict(
            refused,
            wait,
            max(0, self.requests_per_minute - len(self._taken)),
            max(0, self.tokens_per_minute - self._used()),
            reset,
            reset,
        )

    def _used(self) -> int:
        return sum(tokens for _, tokens in self._taken)

    def _until_free(self, tokens: int, now: float) -> float:
        """Give the seconds until enough tokens have left the window; all of it when that is never enough."""
        excess = self._used() + tokens - self.tokens_per_minute
        for at, taken in self._taken:
            excess -= taken
            if excess <= 0:
                return at + WINDOW_SECONDS - now
        return WINDOW_SECONDS
