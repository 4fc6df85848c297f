// The one way by which the present state reaches the panels, whichever server it comes from.
import type { Snapshot } from './generated/oracleState'

/**
 * How the newest state arrives: `stale` means that a connection is open and nothing new comes through it,
 * `catching_up` that the server works through a backlog, `unauthorised` that a key is needed.
 */
export type Connection = 'connecting' | 'live' | 'stale' | 'reconnecting' | 'unauthorised' | 'catching_up'

export interface LiveState {
  /** The newest state, or undefined as long as there is none yet. */
  readonly snapshot: Snapshot | undefined
  readonly connection: Connection
  /** When the newest tick arrived, in milliseconds of this browser's clock. */
  readonly lastTickAt: number | undefined
  /** What to add to this browser's clock to read the server's, in milliseconds. */
  readonly clockOffsetMs: number
  /** Why there is no newer state, for people. */
  readonly error: string | undefined
}

/** An agent's event or an LLM call, as it happens; neither is part of the snapshot. */
export interface Activity {
  readonly kind: 'event' | 'call'
  readonly id: string
  readonly value: unknown
}

export type StateListener = (state: LiveState) => void
export type ActivityListener = (newestLast: readonly Activity[]) => void

export interface LiveSource {
  /** Give the present state; the same object until something changes. */
  state(): LiveState
  /** Call the listener now and after each change; the first subscription connects, the last one's end closes. */
  subscribe(listener: StateListener): () => void
  /** Call the listener with the newest activity, at most 200 entries, now and after each change. */
  onActivity(listener: ActivityListener): () => void
  /** Keep an API key and connect anew; absent where the source takes none. */
  authorise?(key: string): void
  /** Connect anew at once. */
  retry(): void
}

export const NOTHING_YET: LiveState = {
  snapshot: undefined,
  connection: 'connecting',
  lastTickAt: undefined,
  clockOffsetMs: 0,
  error: undefined,
}
