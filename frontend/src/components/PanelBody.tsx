// The four faces of every panel: loading, unreachable, empty, or its content; and beside its title, whether it
// is of now.
import type { ReactNode } from 'react'
import type { Source } from '@/api/generated/oracleState'
import { useLive } from '@/api/live'
import type { Connection } from '@/api/liveSource'
import { Badge } from './Badge'
import { Notice } from './Notice'
import { Skeleton } from './Skeleton'
import type { Tone } from './status'
import { timeOfDay } from './units'

interface PanelBodyProps {
  /** What the panel shows, as the end of a sentence: “Loading the agents”. */
  readonly of: string
  readonly rows: number
  readonly tall?: boolean
  /** Shown in place of the content when there is nothing to show. */
  readonly empty: ReactNode
  readonly isEmpty: boolean
  readonly children: ReactNode
}

export function PanelBody({ of, rows, tall = false, empty, isEmpty, children }: PanelBodyProps) {
  const isLoaded = useLive((state) => state.snapshot !== undefined)
  const connection = useLive((state) => state.connection)
  const error = useLive((state) => state.error)
  if (isLoaded) return isEmpty ? empty : children
  if (connection === 'reconnecting' || connection === 'stale' || connection === 'unauthorised') {
    return <Notice title={`Cannot show ${of}`}>{error}</Notice>
  }
  return <Skeleton label={`Loading ${of}`} rows={rows} tall={tall} />
}

const CAUTIONS: Partial<Record<Connection, { tone: Tone; word: string }>> = {
  connecting: { tone: 'info', word: 'Not live yet' },
  stale: { tone: 'warn', word: 'Stale' },
  reconnecting: { tone: 'warn', word: 'Stale' },
  unauthorised: { tone: 'bad', word: 'Stale' },
  catching_up: { tone: 'info', word: 'Catching up' },
}

interface CautionProps {
  /** The sources that the panel's part comes from, by their names in `sources`. */
  readonly source?: string | readonly string[]
}

const WORST_FIRST: readonly Source['status'][] = ['down', 'stale', 'fresh']

/** Give the least trustworthy of the sources that go by these names. */
function worstOf(sources: readonly Source[], names: string | readonly string[]): Source | undefined {
  const own = sources.filter(({ name }) =>
    typeof names === 'string' ? name === names : names.includes(name),
  )
  return WORST_FIRST.flatMap((status) => own.filter((one) => one.status === status))[0]
}

/** Say that a panel is not of now, and of when it is; nothing when all is well. */
export function Caution({ source = [] }: CautionProps) {
  const lastTickAt = useLive((state) => state.snapshot && Date.parse(state.snapshot.timestamp))
  const caution = CAUTIONS[useLive((state) => state.connection)]
  const own = useLive((state) => state.snapshot && worstOf(state.snapshot.sources, source))
  if (lastTickAt === undefined) return null
  if (caution) {
    return (
      <Badge tone={caution.tone}>
        {caution.word}, as of {timeOfDay(lastTickAt)}
      </Badge>
    )
  }
  if (own === undefined || own.status === 'fresh') return null
  const since = own.observed_at === undefined ? '' : `, as of ${timeOfDay(Date.parse(own.observed_at))}`
  return (
    <Badge tone={own.status === 'down' ? 'bad' : 'warn'}>
      Source {own.status}
      {since}
    </Badge>
  )
}
