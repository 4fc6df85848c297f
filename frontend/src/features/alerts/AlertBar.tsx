// What wants attention now: a compact list under the header, the worst first; nothing where nothing does.
import { useMemo, useState } from 'react'
import type { Alert } from '@/api/generated/oracleState'
import { useLive } from '@/api/live'
import { Badge } from '@/components/Badge'
import { Elapsed } from '@/components/Elapsed'
import { readable } from '@/components/names'
import type { Tone } from '@/components/status'
import { count } from '@/components/units'

/** As many alerts are shown; the others on demand. */
const AT_FIRST = 3
const NONE: readonly Alert[] = []
const RANK: Record<Alert['severity'], number> = { critical: 0, high: 1, medium: 2, low: 3 }
const TONES: Record<Alert['severity'], Tone> = { critical: 'bad', high: 'bad', medium: 'warn', low: 'info' }

export function AlertBar() {
  const alerts = useLive((state) => state.snapshot?.alerts) ?? NONE
  const [all, setAll] = useState(false)
  const worstFirst = useMemo(
    () =>
      alerts.toSorted(
        (left, right) => RANK[left.severity] - RANK[right.severity] || left.since.localeCompare(right.since),
      ),
    [alerts],
  )
  if (alerts.length === 0) return null
  const shown = all ? worstFirst : worstFirst.slice(0, AT_FIRST)
  return (
    <section aria-label="Alerts" className="glass rounded-3xl px-4 py-3 sm:px-5">
      {/* Only the number is read out: a forecast's words change with every snapshot. */}
      <p role="status" aria-label="Number of alerts" className="sr-only">
        {count(alerts.length)} {alerts.length === 1 ? 'alert' : 'alerts'}
      </p>
      <ul aria-label="Alerts" className="flex max-h-72 flex-col gap-1.5 overflow-y-auto">
        {shown.map(({ id, severity, title, since }) => (
          <li key={id} className="flex flex-wrap items-center gap-x-3 gap-y-1 text-sm">
            <Badge tone={TONES[severity]}>{severity}</Badge>
            <span className="min-w-0 [overflow-wrap:anywhere]">{readable(title)}</span>
            <span className="ml-auto text-muted text-xs">
              for <Elapsed since={since} />
            </span>
          </li>
        ))}
      </ul>
      {alerts.length > AT_FIRST && (
        <button
          type="button"
          aria-expanded={all}
          onClick={() => setAll(!all)}
          className="mt-2 cursor-pointer rounded text-muted text-sm underline underline-offset-4"
        >
          {all ? 'Show fewer' : `Show ${count(alerts.length - AT_FIRST)} more`}
        </button>
      )}
    </section>
  )
}
