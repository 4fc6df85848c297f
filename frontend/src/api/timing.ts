// When a state that arrives live counts as stale, when to connect anew, and how long to wait before.
export interface Timing {
  /** Silence, or an age of the newest snapshot, above which the state is stale. */
  readonly staleAfterMs: number
  /** Silence above which a connection is given up for a new one. */
  readonly giveUpAfterMs: number
  readonly checkEveryMs: number
  readonly firstPauseMs: number
  readonly longestPauseMs: number
}

export const TIMING: Timing = {
  staleAfterMs: 10_000,
  giveUpAfterMs: 20_000,
  checkEveryMs: 1000,
  firstPauseMs: 500,
  longestPauseMs: 10_000,
}

/** The pause before the next attempt: doubling, and random so that many browsers do not come back at once. */
export function pauseBefore(attempt: number, { firstPauseMs, longestPauseMs }: Timing): number {
  return Math.min(longestPauseMs, firstPauseMs * 2 ** attempt) * (0.5 + Math.random() / 2)
}

/** Wait, or return at once when the signal is aborted. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, milliseconds)
    signal.addEventListener('abort', end)
  })
}

/**
 * How far this browser's clock is behind the server's, from a time that the server just told. What it tells has
 * a resolution of a second and takes its time, so a difference below two seconds is none.
 */
export function clockOffset(toldNow: string | null, now: number): number {
  const offset = Date.parse(toldNow ?? '') - now
  return Math.abs(offset) >= 2000 ? offset : 0
}
