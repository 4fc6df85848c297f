"""One request on its way upstream, and its answer on the way back.

Most requests are known whole when they arrive: they are forwarded by the task that took them in, which is
cancelled when the client leaves. While a body still comes there are two tasks: one asks the upstream and
sends its answer to the client, the other reads what is left of the body and then waits for the client to
leave. Whichever ends first ends both.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

import aiohttp
from yarl import URL

from collectors.llm_collector.headers import by_name, downstream_headers, upstream_headers
from collectors.llm_collector.problems import upstream_failed
from collectors.llm_collector.routes import Target
from collectors.llm_collector.upload import Ending, Leaving, Message, Scope, Upload
from collectors.llm_collector.watch import Watch
from collectors.llm_collector.wire import LINE, Line
from runtime.logs import logger
from schema.errors import AddressRefused, AnswerUnusable

Send = Callable[[Message], Awaitable[None]]

STATUSES = range(200, 600)
LOOK_SECONDS = 1.0
"""How often it is looked whether the client is still there, and whether anything moves."""
GRACE_SECONDS = 1.0
"""The upstream's own time limit comes first, where it counts."""


class Passage:
    """One request that is forwarded; `answered` says whether its client was sent any answer."""

    def __init__(
        self, scope: Scope, target: Target, upload: Upload, watch: Watch, send: Send, silence_seconds: float
    ) -> None:
        self.answered = False
        self._scope = scope
        self._target = target
        self._upload = upload
        self._watch = watch
        self._send = send
        self._silence_seconds = silence_seconds
        self._broken_off = False
        """Whether it was the proxy that ended the call."""
        self._looking: asyncio.TimerHandle | None = None
        self._line = Line()

    async def run(self, client: aiohttp.ClientSession) -> None:
        """Forward until the end, or until the client leaves; the call is recorded either way."""
        upload = self._upload
        if upload.ending is Ending.COMPLETE and upload.leaving is not None:
            await self._run_whole(client, upload.leaving)
        else:
            await self._run_beside_the_upload(client)
        if self._broken_off and not self.answered:
            await self._answer_for_upstream("upstream_timeout")

    async def _run_whole(self, client: aiohttp.ClientSession, leaving: Leaving) -> None:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None
        cancelled = True
        try:
            if not leaving.has_left:
                leaving.watch(lambda: self._watch.sent_all or task.cancel())
                self._looking = loop.call_later(LOOK_SECONDS, self._look, loop, task)
                await self._forward(client)
                cancelled = False
        except asyncio.CancelledError:
            self._line.hang_up()
            if not (leaving.has_left or self._broken_off):
                self._break_off("proxy_stopped")
                raise
            task.uncancel()
        finally:
            leaving.watch(None)
            if self._looking is not None:
                self._looking.cancel()
            self._watch.ended(cancelled=cancelled and not self._broken_off)

    def _look(self, loop: asyncio.AbstractEventLoop, task: asyncio.Task[None]) -> None:
        """End the call when its client has gone, or when no byte of it has moved for too long."""
        if self._upload.is_abandoned():
            self._upload.hang_up()  # which tells `leaving`
        elif self._is_still():
            self._stall()
            task.cancel()
        else:
            self._looking = loop.call_later(LOOK_SECONDS, self._look, loop, task)

    def _is_still(self) -> bool:
        return time.monotonic() - self._upload.moved_at > self._silence_seconds + GRACE_SECONDS

    def _stall(self) -> None:
        self._break_off("client_stalled" if self.answered else "upstream_timeout")
        if self.answered:
            self._upload.hang_up()  # A client that reads nothing would keep its connection for ever.

    def _break_off(self, failure: str) -> None:
        self._broken_off = True
        if not self._watch.sent_all:
            self._watch.failed(failure)

    async def _run_beside_the_upload(self, client: aiohttp.ClientSession) -> None:
        watch, upload = self._watch, self._upload
        forward = asyncio.ensure_future(self._forward(client))
        leaving = asyncio.ensure_future(upload.until_left(watch.asked))
        try:
            await self._until_over({forward, leaving})
        except asyncio.CancelledError:
            self._break_off("proxy_stopped")
            raise
        finally:
            # The end of an answer looks like a client that left: `watch` knows which it was.
            if self._broken_off or not watch.sent_all:
                forward.cancel()
            leaving.cancel()
            results = await asyncio.gather(forward, leaving, return_exceptions=True)
            upload.tell(watch.asked)
            broken = isinstance(results[0], asyncio.CancelledError)
            if broken:
                self._line.hang_up()
            refused = upload.ending in {Ending.TOO_LARGE, Ending.TOO_SLOW}
            if broken and refused and upload.ending:
                watch.failed(upload.ending.value)
            watch.ended(cancelled=broken and not (refused or self._broken_off))
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _until_over(self, tasks: set[asyncio.Task[None]]) -> None:
        while True:
            done, _ = await asyncio.wait(tasks, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if done:
                return
            if self._upload.is_abandoned():
                self._upload.ending = Ending.LEFT
                self._upload.hang_up()
                return
            if self._is_still():
                self._stall()
                return

    async def _forward(self, client: aiohttp.ClientSession) -> None:
        scope, upload, watch = self._scope, self._upload, self._watch
        query = scope["query_string"].decode("latin-1")
        url = URL(f"{self._target.url}?{query}" if query else self._target.url, encoded=True)
        LINE.set(self._line)
        length = None if upload.ending is Ending.COMPLETE else upload.length
        try:
            async with client.request(
                scope["method"],
                url,
                headers=upstream_headers(scope["headers"], length),
                data=upload.body(),
                allow_redirects=False,
            ) as answer:
                if answer.status not in STATUSES:
                    raise AnswerUnusable("another protocol, which nobody asked for, or none")
                headers = downstream_headers(answer.status, answer.raw_headers)
                await self._send({
                    "type": "http.response.start",
                    "status": answer.status,
                    "headers": headers,
                })  # fmt: skip
                self.answered = True
                upload.let_go()
                self._note(answer)
                async for chunk in answer.content.iter_any():
                    await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
                    upload.moved_at = time.monotonic()
                    watch.passed(chunk)
                    while watch.is_behind:
                        await asyncio.sleep(0)  # the calls beside it go first
                        watch.passed(b"")
                watch.sent_all = True
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        except (aiohttp.ClientError, AnswerUnusable, TimeoutError) as error:
            failure = _failure(error, self.answered)
            watch.failed(failure)
            # Never the error's text: it may quote the address or a header.
            logger().warning(
                "upstream failed", provider=self._target.provider, failure=failure, error=type(error).__name__
            )
            if not self.answered:
                watch.sent_all = True
                await self._answer_for_upstream(failure)
            # Else the answer stays without its end, and the server closes the connection: the client sees
            # that it broke off, as it would have without us.

    def _note(self, answer: aiohttp.ClientResponse) -> None:
        try:
            self._watch.answered(answer.status, by_name(answer.raw_headers))
        except Exception as error:  # noqa: BLE001 - nothing that is read may fail a call
            logger().error("the headers of an answer could not be read", error=type(error).__name__)

    async def _answer_for_upstream(self, failure: str) -> None:
        self.answered = True
        await upstream_failed(self._target.provider, failure).send(self._send)


def _failure(error: Exception, answered: bool) -> str:
    match error:
        case TimeoutError():
            return "upstream_timeout"
        case aiohttp.ClientConnectorDNSError(os_error=AddressRefused()):
            return "upstream_address_refused"
        case AnswerUnusable() | aiohttp.ClientResponseError():
            return "upstream_malformed"
    return "upstream_broke_off" if answered else "upstream_unreachable"
