// A cluster that has every trouble at once, and one that is very large, as tests and the preview show them.
import type { Agent, Deployment, Pod, Snapshot, Workload } from '@/api/generated/oracleState'
import { aSnapshot, TICK } from './snapshot'

const NAMESPACE = 'agents'
const IMAGE = 'registry.example/agents/writer:1.8.2'

export function aPod(name: string, more: Partial<Pod> = {}): Pod {
  return { pod_id: `uid-${name}`, name, status: 'Running', ready: true, restarts: 0, ...more }
}

export function aWorkload(name: string, pods: Pod[], more: Partial<Workload> = {}): Workload {
  return {
    deployment_name: name,
    namespace: NAMESPACE,
    kind: 'Deployment',
    runtime: 'kubernetes',
    live: { active_pods: pods.filter(({ status }) => status === 'Running').length, updated_at: TICK },
    pods,
    ...more,
  }
}

export function aDeployment(name: string, ready: number, desired: number, more: Partial<Deployment> = {}) {
  const counts = { desired, ready, available: ready, updated: desired }
  return { namespace: NAMESPACE, name, ...counts, rollout: 'complete' as const, ...more }
}

/** Give a moment in which memory runs out, an image is missing, a rollout stands, and a node is under pressure. */
export function aSickCluster(at: number = Date.parse(TICK)): Snapshot {
  const ago = (seconds: number) => new Date(at - seconds * 1000).toISOString()
  const placed: Partial<Pod> = {
    created_at: ago(7300),
    node: 'node-1',
    images: [IMAGE],
    agent_id: 'research-agent',
  }
  const sound: Partial<Pod> = {
    ...placed,
    cpu: 150,
    cpu_limit: 500,
    memory: 256,
    memory_limit: 512,
    network_rx_bytes_per_second: 1228.8,
    network_tx_bytes_per_second: 800,
  }
  const before = aSnapshot(at)
  return {
    ...before,
    agents: [...before.agents, aModelServer()],
    workload: [
      aWorkload('analysis-agent', [aPod('analysis-agent-5d9f-1', { ...sound, agent_id: 'analysis-agent' })]),
      aWorkload('research-agent', [
        aPod('research-agent-7f8d9-1', {
          ...sound,
          cpu: 480,
          memory: 402,
          restarts: 4,
          restart_loop: true,
          last_termination_reason: 'OOMKilled',
          last_exit_code: 137,
          last_exit_signal: 'SIGKILL',
          last_terminated_at: ago(1.4),
          transitions: [
            { status: 'Created', at: ago(4) },
            { status: 'Running', at: ago(3) },
            { status: 'OOMKilled', at: ago(1.4) },
            { status: 'Running', at: ago(0.3) },
          ],
        }),
        aPod('research-agent-7f8d9-2', sound),
        aPod('research-agent-66c5b-9', {
          ...sound,
          status: 'Terminating',
          ready: false,
          deleted_at: ago(1),
          last_termination_reason: 'Completed',
          last_exit_code: 0,
          last_terminated_at: ago(1),
        }),
      ]),
      aWorkload('writer-agent', [
        aPod('writer-agent-6c4b-1', {
          ...placed,
          status: 'ImagePullBackOff',
          status_message: `Back-off pulling image "${IMAGE}": not found`,
          ready: false,
        }),
        aPod('writer-agent-6c4b-2', {
          created_at: ago(64),
          status: 'Pending',
          ready: false,
          status_message: '0/3 nodes are available: 3 Insufficient memory.',
        }),
        aPod('writer-agent-5b77-1', {
          ...placed,
          ready: false,
          probe_failures: 12,
          cpu: 150,
          cpu_request: 100,
          memory: 256,
        }),
      ]),
      aWorkload('sandbox-agent', [aPod('sandbox-agent-1', { ...sound, node: 'mock' })], { runtime: 'mock' }),
      aWorkload(
        'coder',
        [aPod('coder-4711', { cpu: 35, memory: 80, io_read_bytes_per_second: 4096, created_at: ago(90) })],
        { runtime: 'process', kind: 'ProcessGroup', namespace: 'laptop' },
      ),
    ],
    kubernetes: {
      deployments: [
        aDeployment('analysis-agent', 1, 1, { revision: 2 }),
        aDeployment('quota-agent', 0, 2, {
          revision: 1,
          rollout: 'stalled',
          rollout_message: 'exceeded quota',
        }),
        aDeployment('research-agent', 2, 2, {
          revision: 4,
          updated: 1,
          rollout: 'progressing',
          replica_sets: [
            { name: 'research-agent-66c5b', revision: 3, desired: 1, ready: 1 },
            { name: 'research-agent-7f8d9', revision: 4, desired: 2, ready: 1 },
          ],
        }),
        aDeployment('writer-agent', 1, 3, {
          revision: 7,
          rollout: 'stalled',
          rollout_message: 'ReplicaSet "writer-agent-6c4b" has timed out progressing.',
        }),
      ],
      nodes: [
        { name: 'node-1', ready: true },
        { name: 'node-2', ready: true, pressures: ['MemoryPressure'], unschedulable: true },
        { name: 'node-3', ready: false, reason: 'KubeletNotReady: container runtime is down' },
      ],
      events: [
        anEvent('Pod/research-agent-7f8d9-1', 'BackOff', 'Back-off restarting failed container', 4, ago(31)),
        anEvent('Pod/writer-agent-5b77-1', 'Unhealthy', 'Readiness probe failed: HTTP 503', 12, ago(154)),
        anEvent('Pod/writer-agent-6c4b-1', 'Failed', `Failed to pull image "${IMAGE}"`, 1, ago(6)),
      ],
    },
    sources: before.sources.map((source) =>
      source.name === 'kubernetes'
        ? {
            ...source,
            unavailable: [
              { part: 'metrics.k8s.io', reason: '403 Forbidden' },
              { part: 'network (kubelet summary)', reason: '3 of 3 nodes, node-1: 403 Forbidden' },
            ],
          }
        : source,
    ),
  }
}

function anEvent(object: string, reason: string, message: string, count: number, last_seen: string) {
  return { namespace: NAMESPACE, object, reason, message, count, last_seen }
}

function aModelServer(): Agent {
  return {
    agent_id: 'ollama',
    name: 'Ollama',
    deployment_name: 'ollama',
    role: 'llm_server',
    models: ['llama3.1'],
    discovered_by: ['deployment'],
    status: 'healthy',
    instances: [],
    activity: { active_task_ids: [] },
  }
}

/** Give a moment with this many pods, so many to a workload; of each hundred workloads three have one that fails. */
export function withPods(number: number, perWorkload: number, at: number = Date.parse(TICK)): Snapshot {
  const created_at = new Date(at - 7_200_000).toISOString()
  const workloads = Math.ceil(number / perWorkload)
  const name = (index: number) => `workload-${String(index).padStart(5, '0')}`
  const workload = Array.from({ length: workloads }, (_, index) =>
    aWorkload(
      name(index),
      Array.from({ length: Math.min(perWorkload, number - index * perWorkload) }, (_, place) =>
        aPod(`${name(index)}-${String(place).padStart(5, '0')}`, {
          created_at,
          cpu: (place * 35) % 500,
          cpu_limit: 500,
          memory: 64 + ((place * 17) % 400),
          memory_limit: 512,
          network_rx_bytes_per_second: 1200,
          network_tx_bytes_per_second: 800,
          node: `node-${place % 100}`,
          images: [IMAGE],
          ...(index % 33 === 1 && place === 0 && FAILING),
        }),
      ),
    ),
  )
  const deployments = workload.map((one) =>
    aDeployment(one.deployment_name, one.pods.length, one.pods.length, { revision: 1 }),
  )
  return { ...aSnapshot(at), workload, kubernetes: { deployments, nodes: [], events: [] } }
}

const FAILING: Partial<Pod> = { status: 'CrashLoopBackOff', ready: false, restarts: 9, restart_loop: true }
