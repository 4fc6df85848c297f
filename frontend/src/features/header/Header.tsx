// The top of the page: which system this is, and whether what is shown is of now.
import { useServerNow } from '@/api/clock'
import { useLive, useLiveSource } from '@/api/live'
import type { Connection } from '@/api/liveSource'
import { Badge } from '@/components/Badge'
import type { Tone } from '@/components/status'
import { duration } from '@/components/units'
import { Mark } from './Mark'

const STATES: Record<Connection, { tone: Tone; words: string }> = {
  connecting: { tone: 'info', words: 'Connecting' },
  live: { tone: 'good', words: 'Live' },
  stale: { tone: 'warn', words: 'Stale' },
  reconnecting: { tone: 'bad', words: 'Reconnecting' },
  unauthorised: { tone: 'bad', words: 'Key needed' },
  catching_up: { tone: 'info', words: 'Catching up' },
}

export function Header() {
  const connection = useLive((state) => state.connection)
  const error = useLive((state) => state.error)
  const environment = useLive((state) => state.snapshot?.environment)
  const { tone, words } = STATES[connection]
  return (
    <header className="glass sticky top-3 z-10 flex flex-wrap items-center gap-x-4 gap-y-2 rounded-3xl px-4 py-3 sm:px-5">
      <Mark />
      <div className="mr-auto min-w-0">
        <h1 className="font-semibold text-lg leading-6 tracking-tight">Oracle Monitor</h1>
        <p className="hidden text-muted text-xs sm:block">The flight recorder of your agents</p>
      </div>
      <div className="order-last flex w-full items-center justify-between gap-4 sm:order-none sm:w-auto">
        {environment !== undefined && (
          <p className="chip max-w-48 truncate" title={`Environment ${environment}`}>
            <span className="text-muted">Environment</span> {environment}
          </p>
        )}
        <SnapshotAge />
      </div>
      {/* The age stands outside: inside, it would be read out each second. */}
      <div role="status" aria-label="Connection" className="flex">
        <Badge tone={tone}>{words}</Badge>
        {error !== undefined && <span className="sr-only">. {error}</span>}
      </div>
      <Trouble />
    </header>
  )
}

/** Why there is nothing newer, and the way to try at once. The form says it where a key is needed. */
function Trouble() {
  const source = useLiveSource()
  const error = useLive((state) => state.error)
  const connection = useLive((state) => state.connection)
  if (error === undefined || connection === 'unauthorised') return null
  return (
    <div className="order-last flex w-full items-center justify-between gap-4 border-line border-t pt-2 text-sm">
      <p aria-hidden="true" className="text-muted">
        {error}
      </p>
      {(connection === 'reconnecting' || connection === 'stale') && (
        <button type="button" onClick={() => source.retry()} className="button shrink-0">
          Try again now
        </button>
      )}
    </div>
  )
}

function SnapshotAge() {
  const timestamp = useLive((state) => state.snapshot?.timestamp)
  const now = useServerNow()
  if (timestamp === undefined) return null
  // The clock ticks once a second and may be behind a snapshot that came since.
  const seconds = Math.max(0, Math.floor((now - Date.parse(timestamp)) / 1000))
  return (
    <p className="text-right text-sm tabular-nums">
      <span className="text-muted">Snapshot</span>{' '}
      <time dateTime={timestamp} title={timestamp}>
        {duration(seconds)} old
      </time>
    </p>
  )
}
