// What Kubernetes warns of, the newest first.
import { useMemo } from 'react'
import type { KubernetesEvent } from '@/api/generated/oracleState'
import { useLive } from '@/api/live'
import { unavailableParts } from '@/api/unavailable'
import { Elapsed } from '@/components/Elapsed'
import { Notice } from '@/components/Notice'
import { Pager, usePages } from '@/components/Pager'
import { Panel } from '@/components/Panel'
import { Caution, PanelBody } from '@/components/PanelBody'
import { count } from '@/components/units'

const EVENTS_A_PAGE = 8
const NONE: readonly KubernetesEvent[] = []

export function WarningEventsPanel() {
  const events = useLive((state) => state.snapshot?.kubernetes?.events) ?? NONE
  return (
    <Panel
      title="Warning events"
      summary={events.length > 0 ? `${count(events.length)} in Kubernetes` : undefined}
      caution={<Caution source="kubernetes" />}
    >
      <PanelBody of="the warning events" rows={4} isEmpty={events.length === 0} empty={<None />}>
        <Events events={events} />
      </PanelBody>
    </Panel>
  )
}

/** Nothing to show: there is no cluster, or they may not be read, or there are none. */
function None() {
  const hasCluster = useLive((state) => state.snapshot?.kubernetes !== undefined)
  const refused = useLive(
    (state) => state.snapshot && unavailableParts(state.snapshot.sources, 'kubernetes', /^events\b/),
  )
  if (refused !== undefined) return <Notice title="Warnings cannot be read">{refused}</Notice>
  if (!hasCluster) {
    return <Notice title="No cluster yet">Warnings appear when the Kubernetes collector reports.</Notice>
  }
  return <Notice title="No warnings">Kubernetes has warned of nothing in the watched namespaces.</Notice>
}

function Events({ events }: { events: readonly KubernetesEvent[] }) {
  const newestFirst = useMemo(
    () => events.toSorted((left, right) => Date.parse(right.last_seen) - Date.parse(left.last_seen)),
    [events],
  )
  const pages = usePages(newestFirst, EVENTS_A_PAGE)
  return (
    <>
      <ul aria-label="Warning events" className="rows">
        {pages.shown.map((event, place) => (
          <li
            key={`${event.namespace} ${event.object} ${event.reason}`}
            aria-setsize={pages.total}
            aria-posinset={pages.first + place + 1}
          >
            <EventRow event={event} />
          </li>
        ))}
      </ul>
      <Pager of="warning events" pages={pages} />
    </>
  )
}

function EventRow({ event }: { event: KubernetesEvent }) {
  return (
    <div className="grid grid-cols-[minmax(0,1fr)_auto] gap-x-3">
      <p className="min-w-0 text-sm [overflow-wrap:anywhere]">
        <span className="font-medium text-warn">{event.reason}</span> {event.object}{' '}
        <span className="text-muted text-xs">in {event.namespace}</span>
      </p>
      <p className="whitespace-nowrap text-right text-muted text-xs tabular-nums leading-5">
        <Elapsed since={event.last_seen} /> ago
        {event.count > 1 && (
          <span className="ml-2 text-ink">
            <span aria-hidden="true">×{count(event.count)}</span>
            <span className="sr-only">, {count(event.count)} times</span>
          </span>
        )}
      </p>
      <p
        title={event.message}
        className="col-span-2 line-clamp-2 text-muted text-xs [overflow-wrap:anywhere]"
      >
        {event.message}
      </p>
    </div>
  )
}
