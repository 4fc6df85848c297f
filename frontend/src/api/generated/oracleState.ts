/* Generated from schema/oracle_state.schema.json by `npm run generate`; do not edit. */

/**
 * The whole system at one tick.
 */
export interface Snapshot {
  id: string
  timestamp: string
  environment: string
  schema_version: '1.0'
  agents: Agent[]
  workload: Workload[]
  queues: Queue[]
  litellm: ModelLimits[]
  kubernetes?: Kubernetes
  kafka?: Kafka
  llm_usage?: LlmUsage
  alerts: Alert[]
  incidents: Incident[]
  sources: Source[]
}
/**
 * A logical agent; its processes and pods are its instances (SPEC §3).
 */
export interface Agent {
  agent_id: string
  name: string
  deployment_name?: string
  models?: string[]
  max_parallel_invocations?: number
  role?: 'agent' | 'llm_server'
  description?: string
  capabilities?: string[]
  endpoint?: string
  discovered_by: ('deployment' | 'labeled' | 'registered' | 'telemetry')[]
  status: 'degraded' | 'down' | 'failed' | 'healthy' | 'unknown'
  last_seen?: string
  instances: Instance[]
  activity: Activity
}
/**
 * One process or pod of an agent.
 */
export interface Instance {
  instance_id: string
  pod_id?: string
  status: 'degraded' | 'down' | 'failed' | 'healthy' | 'unknown'
  last_seen: string
}
/**
 * What an agent says it is doing, from its newest telemetry.
 */
export interface Activity {
  active_task_ids: ActiveTask[]
  reasoning?: string
  tools_planned?: string[]
  updated_at?: string
}
/**
 * A task that an agent works on now.
 */
export interface ActiveTask {
  id: string
  started_on: string
  status: 'queued' | 'retrying' | 'running' | 'waiting'
}
/**
 * A deployment, another owner of pods, or a group of processes.
 */
export interface Workload {
  deployment_name: string
  namespace: string
  kind: string
  runtime: 'kubernetes' | 'mock' | 'process'
  max_pods?: number
  live: WorkloadLive
  pods: Pod[]
}
/**
 * How many pods of a workload run now.
 */
export interface WorkloadLive {
  active_pods: number
  updated_at: string
}
/**
 * A pod, or a process that runs without Kubernetes.
 */
export interface Pod {
  pod_id: string
  name: string
  status: string
  ready?: boolean
  restarts?: number
  created_at?: string
  /**
   * millicores
   */
  cpu?: number
  /**
   * millicores
   */
  cpu_limit?: number
  /**
   * millicores
   */
  cpu_request?: number
  /**
   * MiB
   */
  memory?: number
  /**
   * MiB
   */
  memory_limit?: number
  /**
   * MiB
   */
  memory_request?: number
  network_rx_bytes_per_second?: number
  network_tx_bytes_per_second?: number
  io_read_bytes_per_second?: number
  io_write_bytes_per_second?: number
  status_message?: string
  restart_loop?: boolean
  /**
   * failed probes, as events tell
   */
  probe_failures?: number
  last_termination_reason?: string
  last_terminated_at?: string
  last_exit_code?: number
  /**
   * as in SIGKILL
   */
  last_exit_signal?: string
  deleted_at?: string
  node?: string
  /**
   * absent where it has its node's
   */
  ip?: string
  images?: string[]
  agent_id?: string
  transitions?: Transition[]
}
/**
 * A change of a pod's status since the previous tick.
 */
export interface Transition {
  status: string
  at: string
}
/**
 * A task queue: a Kafka topic's lag where it is one, else the tasks known from events.
 */
export interface Queue {
  name: string
  depth: number
  tasks: QueuedTask[]
}
/**
 * A task that was queued and not started yet.
 */
export interface QueuedTask {
  id: string
  priority: TaskPriority
  invoked_by?: string
}
/**
 * How urgent a queued task is and how long it has waited, in minutes.
 */
export interface TaskPriority {
  level: 'critical' | 'high' | 'low' | 'medium'
  waiting_since_mins: number
}
/**
 * Use and limits of one model under one key (SPEC §8); tpm and rpm are of the last sliding minute.
 *
 *     rpm counts the requests that began in it, those in flight among them; tpm the tokens of the calls that
 *     ended in it. `tpm_remaining` and `rpm_remaining` are what the provider said is left, whoever used it,
 *     for as long as that word holds: until its reset, and a minute at most; `told_at` is of when it is.
 *     `percent_used` is the largest share of the two limits, by our own count or by what is left.
 *     `seconds_to_exhaustion` is when the first of them is used up if all agents with this key go on as in
 *     the last seconds; absent where that is never. `resets_at` is when the provider lifts it.
 */
export interface ModelLimits {
  model: string
  provider: string
  key_label?: string
  tpm: number
  tpm_max?: number
  rpm: number
  rpm_max?: number
  tpm_remaining?: number
  rpm_remaining?: number
  told_at?: string
  percent_used?: number
  status: 'available' | 'rate_limited' | 'unavailable' | 'unknown'
  reason?: string
  loaded?: boolean
  quota_exhausted?: boolean
  resets_at?: string
  seconds_to_exhaustion?: number
}
/**
 * The cluster-level view.
 */
export interface Kubernetes {
  deployments: Deployment[]
  nodes: Node[]
  events: KubernetesEvent[]
}
/**
 * Replica counts of a Kubernetes Deployment, and how far its newest rollout is.
 *
 *     `rollout` is `stalled` once the progress deadline has passed; `replica_sets` are ordered by revision.
 */
export interface Deployment {
  namespace: string
  name: string
  desired: number
  ready: number
  available: number
  updated: number
  revision?: number
  rollout?: 'complete' | 'paused' | 'progressing' | 'stalled'
  rollout_message?: string
  images?: string[]
  replica_sets?: ReplicaSet[]
}
/**
 * A replica set of a deployment that still has, or shall have, pods; `revision` as in its rollouts.
 */
export interface ReplicaSet {
  name: string
  revision: number
  desired: number
  ready: number
}
/**
 * A Kubernetes node; `pressures` are its conditions that are true and should not be (MemoryPressure).
 */
export interface Node {
  name: string
  ready: boolean
  reason?: string
  pressures?: string[]
  unschedulable?: boolean
}
/**
 * A warning event of Kubernetes.
 */
export interface KubernetesEvent {
  namespace: string
  object: string
  reason: string
  message: string
  count: number
  last_seen: string
}
/**
 * The broker-level view: one coherent sample, taken at `sampled_at`, within `sample_seconds`.
 *
 *     `commits_from` says how committed offsets are known; `interval_reason` why samples are taken less often
 *     than asked. `brokers_missing` are the ids of brokers that hold replicas and do not answer.
 */
export interface Kafka {
  sampled_at: string
  sample_seconds?: number
  interval_seconds?: number
  interval_reason?: string
  commits_from?: 'admin_api' | 'internal_topic'
  commits_from_reason?: string
  brokers: number
  brokers_missing?: number[]
  groups: Group[]
  topics: Topic[]
}
/**
 * A consumer group, sampled at one instant.
 *
 *     `lag_seconds`, `seconds_to_catch_up` and the verdict are those of its worst partition; topics that its
 *     members have left for others do not count there. At most 2,000 partitions are listed, those with the
 *     largest lag; the sums count all. `unavailable` says why a group that
 *     is there cannot be read.
 */
export interface Group {
  group: string
  state: string
  verdict?: 'lagging' | 'ok' | 'rewinding' | 'stalled' | 'stopped'
  lag_messages?: number
  lag_seconds?: number
  committed_at?: string
  consumed_per_second?: number
  produced_per_second?: number
  seconds_to_catch_up?: number
  never_catches_up?: boolean
  agent_ids?: string[]
  members: Member[]
  partitions: GroupPartition[]
  partitions_left_out?: number
  unavailable?: string
}
/**
 * A member of a consumer group, the topics it was given partitions of, and the agent that it is of.
 */
export interface Member {
  member_id: string
  client_id: string
  host: string
  topics?: string[]
  agent_id?: string
}
/**
 * A consumer group's position in one partition; lag in messages and in seconds.
 *
 *     `lag_messages` is the end offset less the committed one, as Kafka's own tool counts it; absent without a
 *     commit. `lag_seconds` is the age of the oldest message that is not committed, `unread_since` the moment at
 *     which it was appended. `lost_messages` were removed by the broker before the group read them.
 */
export interface GroupPartition {
  topic: string
  partition: number
  committed_offset?: number
  end_offset: number
  lag_messages?: number
  lag_seconds?: number
  unread_since?: string
  committed_at?: string
  consumed_per_second?: number
  produced_per_second?: number
  seconds_to_catch_up?: number
  never_catches_up?: boolean
  verdict?: 'lagging' | 'ok' | 'rewinding' | 'stalled' | 'stopped'
  doubt?: 'beyond_end' | 'future_timestamps' | 'no_commit' | 'truncated' | 'unanswered'
  lost_messages?: number
}
/**
 * A watched topic; `depth` and `lag_seconds` are the largest lag of any group that reads it.
 *
 *     A group that has stopped counts only where no other reads the topic.
 *
 *     `messages` are those that the broker keeps (an upper bound where a topic is compacted), `size_bytes` what
 *     they take on the leaders' disks. `consumed_per_second` is the sum over its groups; `end_to_end_seconds`
 *     the age of messages at their commit, in the slowest group. `dead_letters_per_minute` stands at dead-letter
 *     topics only. `agent_ids` are the agents that consume it.
 */
export interface Topic {
  topic: string
  partitions: number
  produced_per_second?: number
  consumed_per_second?: number
  end_to_end_seconds?: number
  depth?: number
  lag_seconds?: number
  backpressure?: boolean
  messages?: number
  size_bytes?: number
  dead_letter_of?: string
  dead_letters_per_minute?: number
  under_replicated?: number
  leaderless?: number
  recreated_at?: string
  partitions_added_at?: string
  agent_ids?: string[]
  unavailable?: string
}
/**
 * LLM use since 00:00 UTC (`day`), the running total, and the calls in flight.
 *
 *     `unpriced_calls` have no known price and are in no cost; `estimated_calls` told no tokens: theirs are
 *     estimated from the lengths of the texts.
 */
export interface LlmUsage {
  day: string
  calls: number
  prompt_tokens: number
  completion_tokens: number
  /**
   * US dollars
   */
  cost_usd: number
  unpriced_calls: number
  estimated_calls?: number
  /**
   * US dollars
   */
  cost_usd_total: number
  in_flight: InFlight[]
  by_agent: AgentUsage[]
  by_model: ModelUsage[]
}
/**
 * An LLM call that has not been answered yet.
 */
export interface InFlight {
  call_id: string
  agent_id?: string
  task_id?: string
  provider: string
  model: string
  key_label?: string
  started_at: string
  streaming: boolean
}
/**
 * An agent's LLM use since 00:00 UTC.
 *
 *     `budget_usd` is its soft budget for the day, where it has one, `budget_percent` how much of it is spent.
 */
export interface AgentUsage {
  agent_id: string
  calls: number
  prompt_tokens: number
  completion_tokens: number
  /**
   * US dollars
   */
  cost_usd: number
  unpriced_calls?: number
  /**
   * US dollars
   */
  budget_usd?: number
  budget_percent?: number
}
/**
 * A model's LLM use since 00:00 UTC, with the latency of its calls.
 */
export interface ModelUsage {
  provider: string
  model: string
  calls: number
  prompt_tokens: number
  completion_tokens: number
  /**
   * US dollars
   */
  cost_usd: number
  latency_p50_ms?: number
  latency_p95_ms?: number
  rate_limited: number
  errors: number
}
/**
 * A condition that wants attention now.
 */
export interface Alert {
  id: string
  severity: 'critical' | 'high' | 'low' | 'medium'
  title: string
  source: string
  agent_ids: string[]
  since: string
}
/**
 * A causal chain of conditions, open or closed.
 */
export interface Incident {
  id: string
  status: 'closed' | 'open'
  severity: 'critical' | 'high' | 'low' | 'medium'
  title: string
  root_cause?: string
  since: string
}
/**
 * How fresh a source's part is (SPEC §4, Freshness), and what of it cannot be read.
 */
export interface Source {
  name: string
  instance: string
  status: 'down' | 'fresh' | 'stale'
  reason?: string
  observed_at?: string
  age_seconds: number
  interval_seconds: number
  clock_skew_seconds?: number
  undelivered_since?: string
  unavailable?: Unavailable[]
}
/**
 * A part of a source that cannot be read while the rest goes on: `metrics.k8s.io: 403 Forbidden`.
 */
export interface Unavailable {
  part: string
  reason: string
}
