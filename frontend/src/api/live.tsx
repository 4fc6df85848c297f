// Live state for React: a component names the piece it shows, and renders again only when that piece changes.
import { createContext, type ReactNode, useCallback, useContext, useSyncExternalStore } from 'react'
import type { LiveSource, LiveState } from './liveSource'

const Source = createContext<LiveSource | undefined>(undefined)

export function LiveProvider({ source, children }: { source: LiveSource; children: ReactNode }) {
  return <Source value={source}>{children}</Source>
}

export function useLiveSource(): LiveSource {
  const source = useContext(Source)
  if (source === undefined) throw new Error('useLive is used outside of LiveProvider')
  return source
}

/** Give a piece of the live state; `select` must give the same object for the same state. */
export function useLive<T>(select: (state: LiveState) => T): T {
  const source = useLiveSource()
  const subscribe = useCallback((changed: () => void) => source.subscribe(changed), [source])
  return useSyncExternalStore(subscribe, () => select(source.state()))
}
