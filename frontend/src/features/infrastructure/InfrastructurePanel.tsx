// The health of what the agents run on: workloads, their rollouts and their pods, what is in trouble first.
import { useDeferredValue, useId, useMemo, useState } from 'react'
import { useLive } from '@/api/live'
import { Notice } from '@/components/Notice'
import { Panel } from '@/components/Panel'
import { Caution, PanelBody } from '@/components/PanelBody'
import { type Group, groupsOf, narrowed } from './groups'
import { WorkloadList } from './WorkloadList'

/** As many pods as a laptop has are all shown at once. */
const SHOWN_AT_ONCE = 12
const SOURCES = ['kubernetes', 'process']
const NONE: readonly never[] = []

export function InfrastructurePanel() {
  const workload = useLive((state) => state.snapshot?.workload) ?? NONE
  const deployments = useLive((state) => state.snapshot?.kubernetes?.deployments) ?? NONE
  const groups = useMemo(() => groupsOf(workload, deployments), [workload, deployments])
  return (
    <Panel
      title="Infrastructure health"
      summary={groups.length > 0 ? summary(groups) : undefined}
      caution={<Caution source={SOURCES} />}
    >
      <PanelBody
        of="the workloads"
        rows={4}
        isEmpty={groups.length === 0}
        empty={
          <Notice title="No workloads yet">
            Pods appear when the Kubernetes collector sees a namespace, processes when an agent runs on this
            host.
          </Notice>
        }
      >
        <Workloads groups={groups} />
      </PanelBody>
    </Panel>
  )
}

function Workloads({ groups }: { groups: readonly Group[] }) {
  const [text, setText] = useState('')
  const wanted = useDeferredValue(text)
  const found = useMemo(() => narrowed(groups, wanted), [groups, wanted])
  const pods = podsIn(groups)
  const isSearch = wanted.trim() !== ''
  return (
    <div className="flex flex-col gap-3">
      {(pods > SHOWN_AT_ONCE || text !== '') && <Search text={text} onChange={setText} />}
      {isSearch && (
        <p role="status" className="text-muted text-sm">
          {many(podsIn(found), 'pod')} found in {many(found.length, 'workload')}
        </p>
      )}
      <WorkloadList groups={found} whole={isSearch || pods <= SHOWN_AT_ONCE} />
    </div>
  )
}

function Search({ text, onChange }: { text: string; onChange: (text: string) => void }) {
  const field = useId()
  return (
    <div className="flex flex-wrap items-center gap-3 text-sm">
      <label htmlFor={field} className="text-muted">
        Find a pod
      </label>
      <input
        id={field}
        type="search"
        autoComplete="off"
        spellCheck={false}
        placeholder="Name, status, node or agent"
        value={text}
        onChange={(event) => onChange(event.target.value)}
        className="field w-full max-w-72 py-1.5"
      />
    </div>
  )
}

function summary(groups: readonly Group[]): string {
  const inTrouble = groups.reduce((sum, group) => sum + group.inTrouble, 0)
  const stalled = groups.filter(({ deployment }) => deployment?.rollout === 'stalled').length
  const restarts = groups.reduce(
    (sum, { pods }) => sum + pods.reduce((own, pod) => own + (pod.restarts ?? 0), 0),
    0,
  )
  return [
    many(groups.length, 'workload'),
    many(podsIn(groups), 'pod'),
    inTrouble > 0 ? `${inTrouble.toLocaleString('en')} in trouble` : [],
    stalled > 0 ? `${many(stalled, 'rollout')} stalled` : [],
    restarts > 0 ? many(restarts, 'restart') : [],
  ]
    .flat()
    .join(' · ')
}

function podsIn(groups: readonly Group[]): number {
  return groups.reduce((sum, { pods }) => sum + pods.length, 0)
}

function many(number: number, of: string): string {
  return `${number.toLocaleString('en')} ${of}${number === 1 ? '' : 's'}`
}
