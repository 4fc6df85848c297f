// How fresh each part of the picture is.
import type { Source } from '@/api/generated/oracleState'
import { useLive } from '@/api/live'
import { Badge } from '@/components/Badge'
import { Notice } from '@/components/Notice'
import { Panel } from '@/components/Panel'
import { Caution, PanelBody } from '@/components/PanelBody'
import type { Tone } from '@/components/status'
import { duration } from '@/components/units'

const TONES: Record<Source['status'], Tone> = { fresh: 'good', stale: 'warn', down: 'bad' }
const NONE: readonly Source[] = []

export function SourcesPanel() {
  const sources = useLive((state) => state.snapshot?.sources) ?? NONE
  const fresh = sources.filter(({ status }) => status === 'fresh').length
  return (
    <Panel
      title="Sources"
      summary={sources.length > 0 ? `${fresh} of ${sources.length} fresh` : undefined}
      caution={<Caution />}
    >
      <PanelBody
        of="the sources"
        rows={4}
        isEmpty={sources.length === 0}
        empty={<Notice title="No sources yet">No collector has reported. See oracle status.</Notice>}
      >
        <ul aria-label="Sources" className="rows">
          {sources.map((source) => (
            <SourceRow key={`${source.name}@${source.instance}`} source={source} />
          ))}
        </ul>
      </PanelBody>
    </Panel>
  )
}

function SourceRow({ source }: { source: Source }) {
  return (
    <li className="grid grid-cols-[1fr_auto_5.5rem] items-center gap-x-3 gap-y-1.5">
      <div className="min-w-0">
        <p className="truncate font-medium text-sm">{source.name}</p>
        <p className="truncate text-muted text-xs" title={source.instance}>
          {source.reason ?? source.instance}
        </p>
      </div>
      <p className="shrink-0 text-right text-muted text-xs tabular-nums">
        {duration(source.age_seconds)} old
        <span className="block">every {duration(source.interval_seconds)}</span>
      </p>
      <div className="flex justify-end">
        <Badge tone={TONES[source.status]}>{source.status}</Badge>
      </div>
      <Missing source={source} />
    </li>
  )
}

/** The parts that cannot be read while the rest of the source goes on, and why. */
function Missing({ source: { name, unavailable = [] } }: { source: Source }) {
  if (unavailable.length === 0) return null
  return (
    <ul
      aria-label={`What ${name} cannot read`}
      className="col-span-3 flex flex-col gap-0.5 border-warn/50 border-l-2 pl-2.5 text-xs"
    >
      {unavailable.map(({ part, reason }) => (
        <li key={part} className="[overflow-wrap:anywhere]">
          <span className="font-medium text-warn">{part}:</span> {reason}
        </li>
      ))}
    </ul>
  )
}
