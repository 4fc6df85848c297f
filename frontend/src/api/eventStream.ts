// One connection of server-sent events through fetch, which, unlike EventSource, can carry a key in a header.
import { EventSourceParserStream } from 'eventsource-parser/stream'
import { isObject } from './keyedList'

/** What a header can carry; fetch would call anything else a failure of the network. */
const SENDABLE = /^[\x21-\x7e]+$/

/** The server answered, and not with a stream; `status` is the HTTP status. */
export class StreamRefused extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'StreamRefused'
    this.status = status
  }
}

export interface EventStreamHandlers {
  /** The stream is open; the response's headers are known. */
  onOpen(headers: Headers): void
  /** Something came, be it a comment or a part of an event: the connection is alive. */
  onAlive(): void
  onEvent(event: { event?: string | undefined; id?: string | undefined; data: string }): void
}

/** Read until the server ends the stream. Throws StreamRefused, or what fetch throws when the network fails. */
export async function readEventStream(
  url: string,
  key: string | undefined,
  signal: AbortSignal,
  { onOpen, onAlive, onEvent }: EventStreamHandlers,
): Promise<void> {
  const headers: Record<string, string> = { Accept: 'text/event-stream' }
  if (key !== undefined) {
    if (!SENDABLE.test(key)) throw new StreamRefused(401, 'This key has characters that no key has.')
    headers.Authorization = `Bearer ${key}`
  }
  const response = await fetch(url, { headers, signal, cache: 'no-store', redirect: 'error' })
  if (!response.ok) throw new StreamRefused(response.status, await problemOf(response))
  if (!response.body || !response.headers.get('content-type')?.startsWith('text/event-stream')) {
    await response.body?.cancel()
    throw new StreamRefused(response.status, 'The address answers, but not with a live stream.')
  }
  onOpen(response.headers)
  const alive = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      onAlive()
      controller.enqueue(chunk)
    },
  })
  const events = response.body
    .pipeThrough(alive)
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
    .getReader()
  try {
    for (let next = await events.read(); !next.done; next = await events.read()) onEvent(next.value)
  } finally {
    await events.cancel().catch(() => undefined)
  }
}

/** Say what a problem document (RFC 9457) says, else name the status. */
async function problemOf(response: Response): Promise<string> {
  const plain = `The server answered ${response.status}.`
  if (!response.headers.get('content-type')?.includes('json')) return plain
  const problem: unknown = await response.json().catch(() => undefined)
  if (!isObject(problem)) return plain
  const said = problem.detail ?? problem.title
  return typeof said === 'string' && said !== '' ? said : plain
}
