"""An action repeated by a thread of its own: the pulse of a scripted workload."""

import threading
import time
from collections.abc import Callable


class Repeated:
    """Repeats `action` every `interval_seconds`; ends by itself after `lasting_seconds`, or when stopped.

    What `action` raises ends it, and is raised again by `pause` and `stop`.
    """

    def __init__(
        self, action: Callable[[], object], interval_seconds: float, lasting_seconds: float = 120
    ) -> None:
        self._action = action
        self._interval_seconds = interval_seconds
        self._deadline = time.monotonic() + lasting_seconds
        self._turn = threading.Lock()
        self._stopped = threading.Event()
        self._paused = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def pause(self) -> None:
        """Return once the action under way is done; the next begins after `resume`."""
        if not self._paused:
            self._turn.acquire()
            self._paused = True
        self._raise()

    def resume(self) -> None:
        """Go on."""
        if self._paused:
            self._paused = False
            self._turn.release()

    def stop(self) -> None:
        """End it for good, once the action under way is done."""
        self._stopped.set()
        self.resume()
        self._thread.join()
        self._raise()

    def _run(self) -> None:
        due = time.monotonic()
        while due < self._deadline and not self._stopped.wait(max(0.0, due - time.monotonic())):
            # After a pause it does not catch up.
            due = max(due, time.monotonic() - self._interval_seconds) + self._interval_seconds
            with self._turn:
                if self._stopped.is_set():
                    return
                try:
                    self._action()
                except BaseException as error:  # noqa: BLE001 - raised again by whoever pauses or stops it
                    self._error = error
                    return

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error
