// The present time by the server's clock, once a second, from one timer for the whole page.
import { useSyncExternalStore } from 'react'
import { useLive } from './live'

const listeners = new Set<() => void>()
let now = Date.now()
let timer: ReturnType<typeof setInterval> | undefined

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  if (timer === undefined) {
    now = Date.now()
    timer = setInterval(() => {
      now = Date.now()
      for (const each of listeners) each()
    }, 1000)
  }
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** Give the server's present time in milliseconds; the component renders again each second. */
export function useServerNow(): number {
  const local = useSyncExternalStore(subscribe, () => now)
  return local + useLive((state) => state.clockOffsetMs)
}
