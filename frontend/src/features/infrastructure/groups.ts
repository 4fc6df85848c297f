// Workloads as the panel lists them: each with its deployment and its pods, what is in trouble first. Pure.
import type { Deployment, Pod, Workload } from '@/api/generated/oracleState'
import { type Tone, WEIGHT } from '@/components/status'
import { podTone } from './podState'

export interface Group {
  readonly key: string
  readonly namespace: string
  readonly name: string
  readonly kind: string
  readonly runtime: Workload['runtime']
  readonly deployment: Deployment | undefined
  /** Those in trouble first, those that were deleted last. */
  readonly pods: readonly Pod[]
  readonly tone: Tone
  /** How many pods want a look. */
  readonly inTrouble: number
}

/** A tone of this weight or more is trouble. */
const TROUBLE = WEIGHT.warn

export function isInTrouble({ tone }: Group): boolean {
  return WEIGHT[tone] >= TROUBLE
}

/** Give all workloads, and the deployments that have none because not one pod of theirs could be made. */
export function groupsOf(workload: readonly Workload[], deployments: readonly Deployment[]): Group[] {
  const unclaimed = new Map(deployments.map((one) => [keyOf(one.namespace, one.name), one]))
  const groups = workload.map((one) => {
    const key = keyOf(one.namespace, one.deployment_name)
    const deployment = one.kind === 'Deployment' ? unclaimed.get(key) : undefined
    if (deployment !== undefined) unclaimed.delete(key)
    return group(one.namespace, one.deployment_name, one.kind, one.runtime, one.pods, deployment)
  })
  const bare = [...unclaimed.values()].map((one) =>
    group(one.namespace, one.name, 'Deployment', 'kubernetes', [], one),
  )
  return [...groups, ...bare].sort(worstFirst)
}

/** Keep what a text names: a workload with all of its pods, or those pods alone that it names. */
export function narrowed(groups: readonly Group[], text: string): readonly Group[] {
  const wanted = text.trim().toLowerCase()
  if (wanted === '') return groups
  const has = (...words: (string | undefined)[]) => words.some((word) => word?.toLowerCase().includes(wanted))
  return groups.flatMap((one) => {
    if (has(one.name, one.namespace)) return one
    const pods = one.pods.filter((pod) => has(pod.name, pod.status, pod.node, pod.agent_id))
    return pods.length === 0 ? [] : { ...one, pods, inTrouble: troubledIn(pods.map(podTone)) }
  })
}

function group(
  namespace: string,
  name: string,
  kind: string,
  runtime: Workload['runtime'],
  pods: readonly Pod[],
  deployment: Deployment | undefined,
): Group {
  const ranked = pods.map((pod) => ({ pod, tone: podTone(pod) })).sort(podsWorstFirst)
  const own = deploymentTone(deployment, pods.length)
  const worst = ranked[0]?.tone ?? 'calm'
  return {
    key: `${runtime} ${kind} ${keyOf(namespace, name)}`,
    namespace,
    name,
    kind,
    runtime,
    deployment,
    pods: ranked.map(({ pod }) => pod),
    tone: WEIGHT[own] > WEIGHT[worst] ? own : worst,
    inTrouble: troubledIn(ranked.map(({ tone }) => tone)),
  }
}

function troubledIn(tones: readonly Tone[]): number {
  return tones.filter((tone) => WEIGHT[tone] >= TROUBLE).length
}

/** What the replica counts alone tell: a rollout that stalled, or fewer ready replicas than are wanted. */
function deploymentTone(deployment: Deployment | undefined, pods: number): Tone {
  if (deployment === undefined) return 'calm'
  const { desired, ready, rollout } = deployment
  if (rollout === 'stalled' || (desired > 0 && pods === 0 && rollout !== 'progressing')) return 'bad'
  if (rollout === 'progressing') return 'info'
  return ready < desired ? 'warn' : 'calm'
}

interface Ranked {
  readonly pod: Pod
  readonly tone: Tone
}

function podsWorstFirst(left: Ranked, right: Ranked): number {
  return (
    WEIGHT[right.tone] - WEIGHT[left.tone] ||
    Number(left.pod.deleted_at !== undefined) - Number(right.pod.deleted_at !== undefined) ||
    order(left.pod.name, right.pod.name)
  )
}

function worstFirst(left: Group, right: Group): number {
  const troubled = (one: Group) => (isInTrouble(one) ? WEIGHT[one.tone] : 0)
  return (
    troubled(right) - troubled(left) || order(left.name, right.name) || order(left.namespace, right.namespace)
  )
}

/** By code units: a comparison by language costs a hundred times as much, ten thousand times a tick. */
function order(left: string, right: string): number {
  return left < right ? -1 : Number(left > right)
}

function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`
}
