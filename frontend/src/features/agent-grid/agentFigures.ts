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

/** Sum what the pods of an agent's deployment, and those that its instances name, report. */
export function figuresOf(agent: Agent, workload: readonly Workload[]): Figures {
  const named = new Set(agent.instances.map(({ pod_id }) => pod_id))
  const pods = workload.flatMap((one) =>
    one.deployment_name === agent.deployment_name
      ? one.pods
      : one.pods.filter(({ pod_id }) => named.has(pod_id)),
  )
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
