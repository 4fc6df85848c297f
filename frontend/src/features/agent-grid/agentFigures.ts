// What an agent uses: the sums over its pods. Pure.
import type { Agent, Pod, Workload } from '@/api/generated/oracleState'

export interface Figures {
  /** Millicores and MiB; undefined when no pod reports them. */
  readonly cpu: number | undefined
  readonly memory: number | undefined
  readonly restarts: number | undefined
  /** Why a pod ended last, when that was no ordinary end. */
  readonly lastTermination: string | undefined
}

/** All pods by the names that agents know them by, made once for all agents. */
export interface PodIndex {
  readonly byDeployment: ReadonlyMap<string, readonly Pod[]>
  readonly byId: ReadonlyMap<string, Pod>
}

export function podIndex(workload: readonly Workload[]): PodIndex {
  const byDeployment = new Map<string, Pod[]>()
  const byId = new Map<string, Pod>()
  for (const { deployment_name, pods } of workload) {
    const named = byDeployment.get(deployment_name) ?? []
    byDeployment.set(deployment_name, named)
    for (const pod of pods) {
      named.push(pod)
      byId.set(pod.pod_id, pod)
    }
  }
  return { byDeployment, byId }
}

/** Sum what the pods of an agent's deployment, and those that its instances name, report. */
export function figuresOf(agent: Agent, { byDeployment, byId }: PodIndex): Figures {
  const own = new Set(byDeployment.get(agent.deployment_name ?? ''))
  for (const { pod_id } of agent.instances) {
    const pod = byId.get(pod_id ?? '')
    if (pod !== undefined) own.add(pod)
  }
  const pods = [...own]
  return {
    cpu: sum(pods, 'cpu'),
    memory: sum(pods, 'memory'),
    restarts: sum(pods, 'restarts'),
    lastTermination: pods.find((pod) => pod.last_termination_reason !== undefined)?.last_termination_reason,
  }
}

function sum(pods: readonly Pod[], field: 'cpu' | 'memory' | 'restarts'): number | undefined {
  const known = pods.flatMap((pod) => pod[field] ?? [])
  return known.length === 0 ? undefined : known.reduce((total, value) => total + value, 0)
}
