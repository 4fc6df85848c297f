// One pod, or one process: its state and why, what it uses, how it ended last, and where it runs.
import { memo } from 'react'
import type { Pod, Workload } from '@/api/generated/oracleState'
import { Badge } from '@/components/Badge'
import { Elapsed } from '@/components/Elapsed'
import { count, timeOfDay } from '@/components/units'
import { PodUsage } from './PodUsage'
import { lastEndOf, podTone, statusTone } from './podState'
import { Transitions } from './Transitions'

interface PodCardProps {
  readonly pod: Pod
  readonly runtime: Workload['runtime']
}

/** Its pod is a part of the snapshot itself, so a card renders only when its own pod changed. */
export const PodCard = memo(function PodCard({ pod, runtime }: PodCardProps) {
  const { transitions = [], deleted_at, status_message } = pod
  return (
    <article
      className={`card h-full gap-2.5 tone-${podTone(pod)} ${deleted_at === undefined ? '' : 'departed'}`}
    >
      <div>
        <div className="flex items-start justify-between gap-2">
          <h4 className="min-w-0 font-mono font-semibold text-[0.82rem] leading-6 [overflow-wrap:anywhere]">
            {pod.name}
          </h4>
          <Badge tone={statusTone(pod)}>{pod.status}</Badge>
        </div>
        <div className="flex flex-wrap items-center justify-between gap-2">
          <Age pod={pod} />
          {runtime === 'mock' && <Badge tone="info">mock</Badge>}
          {deleted_at !== undefined && <Badge tone="calm">deleted</Badge>}
        </div>
        {status_message !== undefined && (
          <p title={status_message} className="mt-1 line-clamp-5 text-sm [overflow-wrap:anywhere]">
            {status_message}
          </p>
        )}
      </div>
      <PodUsage pod={pod} runtime={runtime} />
      <Restarts pod={pod} />
      {transitions.length > 0 && <Transitions of={transitions} />}
      <Place pod={pod} />
    </article>
  )
})

function Age({ pod: { ready, created_at, deleted_at, status } }: { pod: Pod }) {
  return (
    <p className="text-muted text-xs">
      {deleted_at !== undefined && `deleted at ${timeOfDay(Date.parse(deleted_at))} · `}
      {status === 'Running' && ready === false && 'not ready · '}
      {created_at === undefined ? (
        'age unknown'
      ) : (
        <>
          <Elapsed since={created_at} /> old
        </>
      )}
    </p>
  )
}

function Restarts({ pod }: { pod: Pod }) {
  const { restarts, restart_loop, probe_failures = 0, last_terminated_at } = pod
  const lastEnd = lastEndOf(pod)
  return (
    <div className="flex flex-col gap-1 text-xs">
      <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <span className={restarts ? 'font-medium text-bad' : 'text-muted'}>{restartsOf(restarts)}</span>
        {restart_loop === true && <Badge tone="bad">restart loop</Badge>}
        {probe_failures > 0 && (
          <span className="text-warn">
            {count(probe_failures)} failed {probe_failures === 1 ? 'probe' : 'probes'}
          </span>
        )}
      </p>
      {(lastEnd !== undefined || last_terminated_at !== undefined) && (
        <p className="[overflow-wrap:anywhere]">
          <span className="text-muted">Last ended: </span>
          {lastEnd ?? 'for an unknown reason'}
          {last_terminated_at !== undefined && (
            <span className="text-muted">
              {' · '}
              <Elapsed since={last_terminated_at} /> ago
            </span>
          )}
        </p>
      )}
    </div>
  )
}

function restartsOf(restarts: number | undefined): string {
  if (restarts === undefined) return 'Restarts unknown'
  if (restarts === 0) return 'No restarts'
  return `${count(restarts)} ${restarts === 1 ? 'restart' : 'restarts'}`
}

/** Where it runs, what it runs, and for whom. */
function Place({ pod: { node, images = [], agent_id } }: { pod: Pod }) {
  const places = [
    ['Node', node],
    [images.length > 1 ? 'Images' : 'Image', images.join(', ') || undefined],
    ['Agent', agent_id],
  ] as const
  const known = places.filter(([, value]) => value !== undefined)
  if (known.length === 0) return null
  return (
    <dl className="mt-auto grid grid-cols-[auto_minmax(0,1fr)] gap-x-3 border-line border-t pt-2 text-xs">
      {known.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-muted">{name}</dt>
          <dd title={value} className="truncate">
            {value}
          </dd>
        </div>
      ))}
    </dl>
  )
}
