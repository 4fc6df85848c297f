// The live source of a stack with our API: one full state, then patches, over server-sent events.
import { EMPTY_FEED, type Feed, receive, type StreamEvent } from './apiFeed'
import { keepApiKey, readApiKey } from './apiKey'
import { readEventStream, StreamRefused } from './eventStream'
import type { ActivityListener, LiveSource, LiveState, StateListener } from './liveSource'
import { LiveStore } from './liveStore'
import { clockOffset, pause, pauseBefore, TIMING, type Timing } from './timing'

const SILENT = 'Nothing comes from the server; the connection may be lost.'
const NO_TICKS = 'The server answers, but no new snapshot is made; the aggregator may be down.'
const CLOSED = 'The server closed the stream.'
const UNREACHABLE = 'The server cannot be reached.'
const BROKEN = 'The server sent something that is not a snapshot.'

export class ApiStream implements LiveSource {
  private readonly url: string
  private readonly timing: Timing
  private readonly store = new LiveStore(
    () => this.start(),
    () => this.stop(),
  )
  private running = new AbortController()
  private feed: Feed = EMPTY_FEED
  private attempt = 0
  private aliveAt = 0
  private intervalMs = 0

  constructor(url: string, timing: Timing = TIMING) {
    this.url = url
    this.timing = timing
  }

  state(): LiveState {
    return this.store.state()
  }

  subscribe(listener: StateListener): () => void {
    return this.store.subscribe(listener)
  }

  onActivity(listener: ActivityListener): () => void {
    return this.store.onActivity(listener)
  }

  authorise(key: string): void {
    keepApiKey(key)
    this.retry()
  }

  retry(): void {
    this.stop()
    if (this.store.listened) this.start()
  }

  private start(): void {
    this.running = new AbortController()
    this.attempt = 0
    this.store.update({ connection: 'connecting', error: undefined })
    void this.run(this.running.signal)
  }

  private stop(): void {
    this.running.abort()
  }

  /** Connect again and again, until stopped or until a key is needed. */
  private async run(stopped: AbortSignal): Promise<void> {
    while (!stopped.aborted) {
      const failure = await this.connect(stopped)
      if (stopped.aborted) return
      if (failure instanceof StreamRefused && (failure.status === 401 || failure.status === 403)) {
        this.store.update({ connection: 'unauthorised', error: failure.message })
        return
      }
      this.store.update({ connection: 'reconnecting', error: failure.message })
      await pause(pauseBefore(this.attempt, this.timing), stopped)
      this.attempt += 1
    }
  }

  /** Follow one connection to its end, and say why it ended. */
  private async connect(stopped: AbortSignal): Promise<Error> {
    const silence = new AbortController()
    this.aliveAt = Date.now()
    let opened = false
    const watch = setInterval(() => {
      if (Date.now() - this.aliveAt > this.timing.giveUpAfterMs) silence.abort()
      else if (opened) this.assess()
    }, this.timing.checkEveryMs)
    try {
      await readEventStream(this.url, readApiKey(), AbortSignal.any([stopped, silence.signal]), {
        onOpen: (headers) => {
          opened = true
          this.feed = EMPTY_FEED
          this.store.update({ clockOffsetMs: clockOffset(headers.get('date'), Date.now()) })
        },
        onAlive: () => {
          this.aliveAt = Date.now()
        },
        onEvent: (event) => this.take(event),
      })
      return new Error(CLOSED)
    } catch (error) {
      return explain(error, silence.signal.aborted)
    } finally {
      clearInterval(watch)
    }
  }

  private take(event: StreamEvent): void {
    const before = this.feed.snapshot
    const { feed, activity } = receive(this.feed, event)
    this.feed = feed
    if (event.event === 'state') this.attempt = 0
    if (event.event === 'tick' && before && feed.snapshot) {
      this.intervalMs = Date.parse(feed.snapshot.timestamp) - Date.parse(before.timestamp) || this.intervalMs
    }
    this.assess()
    if (activity.length > 0) this.store.add(activity)
  }

  /** Tell the listeners what is known, and how far it is to be trusted. */
  private assess(): void {
    const { server, message } = this.feed
    const { clockOffsetMs, snapshot: shown } = this.store.state()
    // A new connection begins with a full state; until it is here the last one stays on the screen.
    const snapshot = this.feed.snapshot ?? shown
    const lastTickAt = snapshot && Date.parse(snapshot.timestamp) - clockOffsetMs
    this.store.update({ snapshot, lastTickAt, ...this.judge(lastTickAt, server, message) })
  }

  private judge(
    lastTickAt: number | undefined,
    server: Feed['server'],
    message: string | undefined,
  ): Pick<LiveState, 'connection' | 'error'> {
    const now = Date.now()
    if (now - this.aliveAt > this.timing.staleAfterMs) return { connection: 'stale', error: SILENT }
    if (server === 'waiting') return { connection: 'connecting', error: message }
    if (server === 'catching_up') return { connection: 'catching_up', error: message }
    // A slow interval is no fault: three of them may pass before their snapshot counts as missing.
    const tooOld = Math.max(this.timing.staleAfterMs, 3 * this.intervalMs)
    if (lastTickAt !== undefined && now - lastTickAt > tooOld) return { connection: 'stale', error: NO_TICKS }
    return { connection: 'live', error: undefined }
  }
}

function explain(error: unknown, wasSilent: boolean): Error {
  if (wasSilent) return new Error(SILENT)
  if (error instanceof StreamRefused) return error
  return new Error(error instanceof SyntaxError ? BROKEN : UNREACHABLE, { cause: error })
}
