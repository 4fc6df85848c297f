// A realistic moment of the demo: four agents, one of them in trouble, as tests and the preview show it.
import type { Agent, Pod, Snapshot, Source, Workload } from '@/api/generated/oracleState'

export const TICK = '2026-02-06T14:32:12Z'
const TICK_AT = Date.parse(TICK)

const moved = (seconds: number, from: number) => new Date(from + seconds * 1000).toISOString()

const NAMESPACE = 'agents'

function source(name: string, ageSeconds: number, status: Source['status'], at: number): Source {
  return {
    name,
    instance: name === 'kafka' ? '127.0.0.1:19092' : 'demo-host',
    status,
    observed_at: moved(-ageSeconds, at),
    age_seconds: ageSeconds,
    interval_seconds: 2,
  }
}

function pod(name: string, cpu: number, memory: number, at: number, more: Partial<Pod> = {}): Pod {
  return {
    pod_id: `uid-${name}`,
    name,
    status: 'Running',
    ready: true,
    restarts: 0,
    created_at: moved(-3600, at),
    cpu,
    cpu_limit: 500,
    memory,
    memory_limit: 512,
    network_rx_bytes_per_second: 1200,
    network_tx_bytes_per_second: 800,
    ...more,
  }
}

function workload(name: string, pods: Pod[], at: number): Workload {
  return {
    deployment_name: name,
    namespace: NAMESPACE,
    kind: 'Deployment',
    runtime: 'kubernetes',
    max_pods: 3,
    live: { active_pods: pods.filter((one) => one.status === 'Running').length, updated_at: moved(-1, at) },
    pods,
  }
}

function instances(pods: Pod[], at: number): Agent['instances'] {
  return pods.map((one) => ({
    instance_id: one.name,
    pod_id: one.pod_id,
    status: one.status === 'Running' ? 'healthy' : 'failed',
    last_seen: moved(-1, at),
  }))
}

/** Give the moment; `at` moves all of its times, so that a preview can show it as of now. */
export function aSnapshot(at: number = TICK_AT): Snapshot {
  const pods = {
    analysis: [pod('analysis-agent-5d9f-1', 42, 118, at)],
    research: [
      pod('research-agent-7f8d9-1', 150, 256, at, { restarts: 3, last_termination_reason: 'OOMKilled' }),
      pod('research-agent-7f8d9-2', 95, 231, at),
    ],
    writer: [
      pod('writer-agent-6c4b-1', 12, 96, at, { status: 'CrashLoopBackOff', ready: false, restarts: 7 }),
    ],
    orchestrator: [pod('orchestrator-84bd-1', 30, 102, at)],
  }
  return {
    id: '5b0c0c5e-0000-4000-8000-000000000001',
    timestamp: moved(0, at),
    environment: 'default',
    schema_version: '1.0',
    agents: [
      {
        agent_id: 'analysis-agent',
        name: 'Analyst',
        deployment_name: 'analysis-agent',
        models: ['gpt-4o-mini'],
        role: 'agent',
        discovered_by: ['labeled', 'telemetry'],
        status: 'healthy',
        last_seen: moved(-1, at),
        instances: instances(pods.analysis, at),
        activity: { active_task_ids: [], updated_at: moved(-40, at) },
      },
      {
        agent_id: 'orchestrator',
        name: 'Orchestrator',
        deployment_name: 'orchestrator',
        models: ['gpt-4o'],
        role: 'agent',
        discovered_by: ['telemetry'],
        status: 'healthy',
        last_seen: moved(-1, at),
        instances: instances(pods.orchestrator, at),
        activity: {
          active_task_ids: [{ id: 'plan-weekly-report', started_on: moved(-8, at), status: 'running' }],
          reasoning: 'Two of three parts are in; waiting for the Writer before the review.',
          tools_planned: ['delegate', 'review'],
          updated_at: moved(-2, at),
        },
      },
      {
        agent_id: 'research-agent',
        name: 'Researcher',
        deployment_name: 'research-agent',
        models: ['gpt-4o', 'claude-sonnet-4-5'],
        max_parallel_invocations: 3,
        role: 'agent',
        description: 'Fetches and reads web pages',
        discovered_by: ['labeled', 'telemetry'],
        status: 'degraded',
        last_seen: moved(-2, at),
        instances: instances(pods.research, at),
        activity: {
          active_task_ids: [
            { id: 'research-tech-trends-2026', started_on: moved(-154, at), status: 'running' },
            { id: 'research-market-size', started_on: moved(-31, at), status: 'retrying' },
          ],
          reasoning: 'Breaking the query into 3 sub-searches, then comparing what the sources say.',
          tools_planned: ['web_search', 'scrape_page', 'summarize'],
          updated_at: moved(-3, at),
        },
      },
      {
        agent_id: 'writer-agent',
        name: 'Writer',
        deployment_name: 'writer-agent',
        models: ['gpt-4o'],
        role: 'agent',
        discovered_by: ['labeled', 'telemetry'],
        status: 'failed',
        last_seen: moved(-74, at),
        instances: instances(pods.writer, at),
        activity: {
          active_task_ids: [{ id: 'write-summary-41', started_on: moved(-305, at), status: 'waiting' }],
          reasoning: 'Waiting for the Researcher’s notes.',
          tools_planned: ['draft'],
          updated_at: moved(-74, at),
        },
      },
    ],
    workload: [
      workload('analysis-agent', pods.analysis, at),
      workload('orchestrator', pods.orchestrator, at),
      workload('research-agent', pods.research, at),
      workload('writer-agent', pods.writer, at),
    ],
    queues: [{ name: 'agent-task-queue', depth: 14, tasks: [] }],
    litellm: [
      {
        model: 'gpt-4o',
        provider: 'openai',
        key_label: 'default',
        tpm: 45_000,
        tpm_max: 50_000,
        rpm: 95,
        rpm_max: 100,
        status: 'available',
        quota_exhausted: false,
        seconds_to_exhaustion: 41,
      },
    ],
    kafka: {
      sampled_at: moved(-1, at),
      brokers: 3,
      groups: [
        {
          group: 'analysis-agents',
          state: 'Stable',
          verdict: 'ok',
          lag_messages: 0,
          lag_seconds: 0,
          members: [{ member_id: 'analysis-1', client_id: 'analysis-1', host: '10.0.0.5' }],
          partitions: [],
        },
        {
          group: 'research-agents',
          state: 'Stable',
          verdict: 'lagging',
          lag_messages: 128,
          lag_seconds: 8.4,
          seconds_to_catch_up: 40,
          members: [
            { member_id: 'research-1', client_id: 'research-1', host: '10.0.0.7' },
            { member_id: 'research-2', client_id: 'research-2', host: '10.0.0.8' },
          ],
          partitions: [],
        },
        {
          group: 'writer-agents',
          state: 'Empty',
          verdict: 'stopped',
          lag_messages: 1200,
          lag_seconds: 74,
          members: [],
          partitions: [],
        },
      ],
      topics: [
        { topic: 'tasks', partitions: 3, produced_per_second: 12.5, consumed_per_second: 4, depth: 1200 },
      ],
    },
    llm_usage: {
      day: moved(0, at).slice(0, 10),
      calls: 120,
      prompt_tokens: 90_000,
      completion_tokens: 21_000,
      cost_usd: 1.93,
      unpriced_calls: 2,
      cost_usd_total: 310.42,
      in_flight: [
        {
          call_id: 'call-1',
          agent_id: 'research-agent',
          provider: 'openai',
          model: 'gpt-4o',
          started_at: moved(-4, at),
          streaming: true,
        },
      ],
      by_agent: [
        {
          agent_id: 'analysis-agent',
          calls: 18,
          prompt_tokens: 12_000,
          completion_tokens: 3100,
          cost_usd: 0.0042,
        },
        { agent_id: 'orchestrator', calls: 9, prompt_tokens: 8000, completion_tokens: 900, cost_usd: 0.19 },
        {
          agent_id: 'research-agent',
          calls: 80,
          prompt_tokens: 60_000,
          completion_tokens: 15_000,
          cost_usd: 1.31,
        },
      ],
      by_model: [
        {
          provider: 'openai',
          model: 'gpt-4o',
          calls: 102,
          prompt_tokens: 78_000,
          completion_tokens: 17_900,
          cost_usd: 1.92,
          latency_p50_ms: 900,
          latency_p95_ms: 2400,
          rate_limited: 3,
          errors: 1,
        },
      ],
    },
    alerts: [],
    incidents: [],
    sources: [
      source('kafka', 0.9, 'fresh', at),
      source('kubernetes', 1.2, 'fresh', at),
      source('llm', 7.4, 'stale', at),
      { ...source('telemetry', 64, 'down', at), reason: 'no heartbeat' },
    ],
  }
}

/** Give a moment without anything in it, as right after the first start. */
export function anEmptySnapshot(at: number = TICK_AT): Snapshot {
  return {
    id: '5b0c0c5e-0000-4000-8000-000000000000',
    timestamp: moved(0, at),
    environment: 'default',
    schema_version: '1.0',
    agents: [],
    workload: [],
    queues: [],
    litellm: [],
    alerts: [],
    incidents: [],
    sources: [],
  }
}

/** Give a moment with this many agents, named in order. */
export function withAgents(number: number, at: number = TICK_AT): Snapshot {
  const { agents, ...rest } = aSnapshot(at)
  const many = Array.from({ length: number }, (_, index) => {
    const name = `agent-${String(index + 1).padStart(4, '0')}`
    return { ...(agents[index % agents.length] as Agent), agent_id: name, name }
  })
  return { ...rest, agents: many }
}
