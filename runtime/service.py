"""The frame of every service: settings, logs, health, signals, exit codes.

Exit codes: 0 after SIGTERM or SIGINT, 1 on an unexpected error, 2 on a wrong setting, 3 on an unsuitable
broker or store, 4 when the Kafka client cannot continue. Whoever supervises the process starts it again.
"""

import _thread
import asyncio
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Generic, NoReturn, TypeVar

import tenacity

from runtime import health, logs, settings
from schema.errors import BrokerFatal, BrokerUnsuitable, OracleError, SettingError, StoreUnsuitable

S = TypeVar("S", bound=settings.BaseSettings)
R = TypeVar("R")


class Service(Generic[S]):
    """A running service: its settings, its health, and the event that asks it to stop."""

    def __init__(self, name: str, options: S, *dependencies: str) -> None:
        self.name = name
        self.settings = options
        self.health = health.Health(*dependencies)
        self.stop = threading.Event()
        self.log = logs.logger()

    def until(self, dependency: str, attempt: Callable[[], R], *errors: type[OracleError]) -> R:
        """Call until it succeeds or the service stops, with backoff and jitter; readiness tells the state.

        Raises InterruptedError when the service was asked to stop meanwhile.
        """

        def waits(state: tenacity.RetryCallState) -> None:
            error = state.outcome.exception() if state.outcome else None
            self.health.report(dependency, False, str(error))
            self.health.turn()
            self.log.warning("waiting", dependency=dependency, error=str(error), attempt=state.attempt_number)

        def gives_up(_: tenacity.RetryCallState) -> R:
            raise InterruptedError

        result: R = tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda error: isinstance(error, errors) and not _final(error)),
            wait=tenacity.wait_random_exponential(multiplier=0.25, max=5),
            stop=tenacity.stop_when_event_set(self.stop),
            sleep=tenacity.sleep_using_event(self.stop),
            before_sleep=waits,
            retry_error_callback=gives_up,
        )(attempt)
        self.health.report(dependency, True)
        return result


def _final(error: BaseException) -> bool:
    """Waiting does not mend a broker or a store that is unsuitable, nor a client that has failed."""
    return isinstance(error, BrokerUnsuitable | BrokerFatal | StoreUnsuitable)


def run(name: str, kind: type[S], main: Callable[[Service[S]], None], *dependencies: str) -> NoReturn:
    """Run a service whose main blocks until `service.stop` is set."""
    sys.exit(_framed(name, kind, main, dependencies))


def run_async(
    name: str, kind: type[S], main: Callable[[Service[S]], Awaitable[None]], *dependencies: str
) -> NoReturn:
    """Run a service whose main is a coroutine; it is cancelled when the service is asked to stop."""

    def blocking(service: Service[S]) -> None:
        async def until_stopped() -> None:
            task = asyncio.ensure_future(main(service))
            stop = asyncio.create_task(asyncio.to_thread(service.stop.wait))
            await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
            service.stop.set()
            task.cancel()
            await stop
            try:
                await task
            except asyncio.CancelledError:
                service.log.debug("main cancelled")

        asyncio.run(until_stopped())

    run(name, kind, blocking, *dependencies)


def _framed(
    name: str, kind: type[S], main: Callable[[Service[S]], None], dependencies: tuple[str, ...]
) -> int:
    try:
        options = settings.load(kind)
    except SettingError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 2
    logs.configure(name, options.oracle_log_level)
    service = Service(name, options, *dependencies)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stops(service.stop))
    try:
        server = health.serve(service.health, name, options.health_host, options.health_port)
    except OSError as error:
        print(
            f"{name}: HEALTH_PORT {options.health_port} cannot be served: {error.strerror}", file=sys.stderr
        )
        return 2
    service.log.info("started")
    try:
        main(service)
    except InterruptedError:
        service.log.debug("stopped while waiting")
    except (SettingError, BrokerUnsuitable, StoreUnsuitable) as error:
        service.log.error("cannot serve", error=str(error))
        return 2 if isinstance(error, SettingError) else 3
    except BrokerFatal as error:
        service.log.error("broker client failed", error=str(error))
        return 4
    except Exception:
        service.log.exception("failed")
        return 1
    finally:
        if server:
            server.shutdown()
    service.log.info("stopped")
    return 0


def _stops(stop: threading.Event) -> Callable[[int, FrameType | None], None]:
    """Give a signal handler that sets an event, from another thread, once.

    A handler runs between any two steps of the main thread, and within itself when signals come close
    together (Ctrl-C and a supervisor's): whoever holds the event's lock then would wait for itself.
    """
    asked: list[int] = []

    def handler(number: int, _: FrameType | None) -> None:
        if not asked:
            asked.append(number)
            _thread.start_new_thread(stop.set, ())

    return handler
