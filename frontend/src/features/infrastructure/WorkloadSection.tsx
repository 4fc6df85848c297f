// One workload: a line that says how it is, and below it, when open, its pods a page at a time.
import { memo, useState } from 'react'
import { Badge } from '@/components/Badge'
import { Foldable } from '@/components/Foldable'
import { Pager, usePages } from '@/components/Pager'
import { count } from '@/components/units'
import type { Group } from './groups'
import { PodCard } from './PodCard'
import { Replicas, RolloutBadge, RolloutStory } from './Rollout'

/** Fills the rows of one, two, three and four columns. */
const PODS_A_PAGE = 12
/** So few pods are all shown, though only some are in trouble. */
const FEW = 4

interface WorkloadSectionProps {
  readonly group: Group
  readonly open: boolean
  /** Whether sound pods are shown at once too, beside those in trouble. */
  readonly whole: boolean
  readonly onToggle: (key: string, open: boolean) => void
}

export const WorkloadSection = memo(function WorkloadSection(props: WorkloadSectionProps) {
  const { group, open, whole, onToggle } = props
  const { key, name, namespace, kind, runtime, deployment, pods, inTrouble, tone } = group
  const badges = (
    <>
      {runtime === 'mock' && <Badge tone="info">mock</Badge>}
      {deployment && <RolloutBadge deployment={deployment} />}
      {inTrouble > 0 && (
        <Badge tone={tone === 'bad' ? 'bad' : 'warn'}>
          {count(inTrouble)} of {podsOf(pods.length)} in trouble
        </Badge>
      )}
    </>
  )
  const figures = (
    <span className="text-muted text-xs">
      {deployment ? <Replicas deployment={deployment} /> : podsOf(pods.length)}
      <span className="block">{sumsOf(group)}</span>
    </span>
  )
  return (
    <Foldable
      name={name}
      tone={tone}
      line={`${kind} · ${namespace}${runtime === 'process' ? ' · processes' : ''}`}
      badges={badges}
      figures={figures}
      open={open}
      onToggle={() => onToggle(key, !open)}
    >
      <Inside group={group} whole={whole} />
    </Foldable>
  )
})

type InsideProps = Pick<WorkloadSectionProps, 'group' | 'whole'>

function Inside({ group: { name, deployment, pods, runtime, inTrouble }, whole }: InsideProps) {
  const [asked, setAsked] = useState(false)
  const isWhole = whole || asked || inTrouble === 0 || pods.length <= FEW
  // What is in trouble stands first.
  const pages = usePages(isWhole ? pods : pods.slice(0, inTrouble), PODS_A_PAGE)
  return (
    <>
      {deployment && <RolloutStory deployment={deployment} />}
      {pods.length === 0 ? (
        <p className="px-1 text-muted text-sm">
          {deployment?.desired === 0 ? 'Scaled to zero: no pods are wanted.' : 'There are no pods.'}
        </p>
      ) : (
        <ul aria-label={`Pods of ${name}`} className="pod-grid">
          {pages.shown.map((pod, place) => (
            <li
              key={pod.pod_id}
              aria-setsize={pages.total}
              aria-posinset={pages.first + place + 1}
              className="min-w-0"
            >
              <PodCard pod={pod} runtime={runtime} />
            </li>
          ))}
        </ul>
      )}
      <div className="mt-2 flex flex-col gap-2 empty:hidden">
        <Pager of={`pods of ${name}`} pages={pages} />
        {!whole && inTrouble > 0 && inTrouble < pods.length && pods.length > FEW && (
          <button type="button" onClick={() => setAsked(!asked)} className="quiet-button self-start">
            {asked ? 'Show only pods in trouble' : `Show all ${podsOf(pods.length)}`}
          </button>
        )}
      </div>
    </>
  )
}

function podsOf(number: number): string {
  return `${number.toLocaleString('en')} ${number === 1 ? 'pod' : 'pods'}`
}

/** What the pods use together, as far as it is known. */
function sumsOf({ pods }: Group): string {
  const sum = (field: 'cpu' | 'memory' | 'restarts') => {
    const known = pods.flatMap((pod) => pod[field] ?? [])
    return known.length === 0 ? undefined : known.reduce((total, value) => total + value, 0)
  }
  const [cpu, memory, restarts] = [sum('cpu'), sum('memory'), sum('restarts')]
  const parts = [
    cpu === undefined ? [] : `${count(cpu)} millicores`,
    memory === undefined ? [] : `${count(memory)} MiB`,
    restarts ? `${count(restarts)} ${restarts === 1 ? 'restart' : 'restarts'}` : [],
  ]
  return parts.flat().join(' · ')
}
