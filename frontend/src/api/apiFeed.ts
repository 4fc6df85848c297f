// The events of `GET /api/v1/live`, folded one by one into what is known now. Pure: `apiStream.ts` does the I/O.
import { applyChange } from './applyChange'
import type { Change, TickMessage } from './generated/live'
import type { Snapshot } from './generated/oracleState'
import { isObject } from './keyedList'
import type { Activity } from './liveSource'

export interface StreamEvent {
  readonly event?: string | undefined
  readonly id?: string | undefined
  readonly data: string
}

export interface Feed {
  readonly snapshot: Snapshot | undefined
  /** How far the stream has come: older patches that arrive late must not undo newer ones. */
  readonly generation: number
  readonly sequence: number
  /** What the server says of itself; `following` once it sends what happens now. */
  readonly server: 'waiting' | 'catching_up' | 'following'
  readonly message: string | undefined
}

export const EMPTY_FEED: Feed = {
  snapshot: undefined,
  generation: -1,
  sequence: -1,
  server: 'waiting',
  message: undefined,
}

export interface Received {
  readonly feed: Feed
  readonly activity: readonly Activity[]
}

/** Fold one event in; an unknown event changes nothing. Throws SyntaxError when its data is not a JSON object. */
export function receive(feed: Feed, { event, id, data }: StreamEvent): Received {
  switch (event) {
    case 'state':
      return quiet(withState(parse(data) as unknown as Snapshot, id))
    case 'patch':
      return withPatch(feed, parse(data) as unknown as Change)
    case 'tick':
      return quiet(withTick(feed, parse(data) as unknown as TickMessage))
    case 'status':
      return quiet(withStatus(feed, parse(data)))
    default:
      return quiet(feed)
  }
}

const quiet = (feed: Feed): Received => ({ feed, activity: [] })

function parse(data: string): Record<string, unknown> {
  const value: unknown = JSON.parse(data)
  if (!isObject(value)) throw new SyntaxError('the event holds no JSON object')
  return value
}

/** A full state starts anew, wherever the stream was before. */
function withState(snapshot: Snapshot, id: string | undefined): Feed {
  const [generation = -1, sequence = -1] = (id ?? '').split(':').map(Number)
  return {
    snapshot,
    generation: Number.isSafeInteger(generation) ? generation : -1,
    sequence: Number.isSafeInteger(sequence) ? sequence : -1,
    server: 'following',
    message: undefined,
  }
}

function withPatch(feed: Feed, change: Change): Received {
  const activity = change.set.flatMap(([kind, key, value]) =>
    kind === 'event' || kind === 'call' ? [{ kind, id: key.join(' '), value } as const] : [],
  )
  if (feed.snapshot === undefined || isBehind(feed, change)) return { feed, activity }
  const { generation, sequence } = change
  return { feed: { ...feed, generation, sequence, snapshot: applyChange(feed.snapshot, change) }, activity }
}

/**
 * A tick says when the present state was frozen. That of an aggregator that catches up tells of a moment which
 * this state has not come to, so it names nothing.
 */
function withTick(feed: Feed, tick: TickMessage): Feed {
  if (tick.catching_up === true) return { ...feed, server: 'catching_up', message: undefined }
  if (feed.snapshot === undefined || tick.generation < feed.generation) return feed
  const snapshot = { ...feed.snapshot, id: tick.snapshot_id, timestamp: tick.tick }
  return { ...feed, snapshot, server: 'following', message: undefined }
}

function withStatus(feed: Feed, { status, message }: Record<string, unknown>): Feed {
  if (status !== 'waiting' && status !== 'catching_up') return feed
  return { ...feed, server: status, message: typeof message === 'string' ? message : undefined }
}

function isBehind(feed: Feed, { generation, sequence }: Change): boolean {
  return generation < feed.generation || (generation === feed.generation && sequence <= feed.sequence)
}
