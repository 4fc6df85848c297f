// What both live sources share: the present state, the ring of activity, and who listens.
import {
  type Activity,
  type ActivityListener,
  type LiveState,
  NOTHING_YET,
  type StateListener,
} from './liveSource'

const RING = 200

export class LiveStore {
  private current: LiveState = NOTHING_YET
  private activity: readonly Activity[] = []
  private readonly stateListeners = new Set<StateListener>()
  private readonly activityListeners = new Set<ActivityListener>()
  private readonly whenFirst: () => void
  private readonly whenLast: () => void

  constructor(whenFirst: () => void, whenLast: () => void) {
    this.whenFirst = whenFirst
    this.whenLast = whenLast
  }

  state(): LiveState {
    return this.current
  }

  update(part: Partial<LiveState>): void {
    const next = { ...this.current, ...part }
    const keys = Object.keys(part) as (keyof LiveState)[]
    if (keys.every((key) => Object.is(next[key], this.current[key]))) return
    this.current = next
    for (const listener of this.stateListeners) listener(next)
  }

  /** Keep what just happened; an id that is known already is not kept twice. */
  add(happened: readonly Activity[]): void {
    const known = new Set(this.activity.map(({ kind, id }) => `${kind} ${id}`))
    const fresh = happened.filter(({ kind, id }) => !known.has(`${kind} ${id}`))
    if (fresh.length === 0) return
    this.activity = [...this.activity, ...fresh].slice(-RING)
    for (const listener of this.activityListeners) listener(this.activity)
  }

  subscribe(listener: StateListener): () => void {
    return this.join(this.stateListeners, listener, () => listener(this.current))
  }

  onActivity(listener: ActivityListener): () => void {
    return this.join(this.activityListeners, listener, () => listener(this.activity))
  }

  get listened(): boolean {
    return this.stateListeners.size + this.activityListeners.size > 0
  }

  private join<T>(listeners: Set<T>, listener: T, greet: () => void): () => void {
    const first = !this.listened
    listeners.add(listener)
    greet()
    if (first) this.whenFirst()
    return () => {
      if (listeners.delete(listener) && !this.listened) this.whenLast()
    }
  }
}
