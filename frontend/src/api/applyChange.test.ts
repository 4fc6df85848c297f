import { describe, expect, it } from 'vitest'
import { anEmptySnapshot, aSnapshot } from '@/testing/snapshot'
import { applyChange } from './applyChange'
import type { Change } from './generated/live'
import type { Snapshot } from './generated/oracleState'

type SetEntry = Change['set'][number]
type RemoveEntry = Change['remove'][number]

const setting = (...set: SetEntry[]) => ({ set, remove: [] as RemoveEntry[] })
const removing = (...remove: RemoveEntry[]) => ({ set: [] as SetEntry[], remove })

/** One entity of each kind, as the aggregator announces it, and where it must then be found. */
const before = aSnapshot()
const ENTITIES: [string, string[], object, (snapshot: Snapshot) => unknown][] = [
  [
    'agent',
    ['coder-agent'],
    { ...before.agents[0], agent_id: 'coder-agent', name: 'Coder' },
    (s) => s.agents[1],
  ],
  [
    'pod',
    ['agents', 'research-agent', 'uid-new'],
    { pod_id: 'uid-new', name: 'research-agent-3', status: 'Pending' },
    (s) => s.workload[2]?.pods[0],
  ],
  ['queue', ['urgent'], { name: 'urgent', depth: 2, tasks: [] }, (s) => s.queues[1]],
  [
    'litellm',
    ['anthropic', 'claude-sonnet-4-5', 'team-a'],
    {
      provider: 'anthropic',
      model: 'claude-sonnet-4-5',
      key_label: 'team-a',
      tpm: 1,
      rpm: 1,
      status: 'available',
    },
    (s) => s.litellm[0],
  ],
  [
    'deployment',
    ['agents', 'writer-agent'],
    { namespace: 'agents', name: 'writer-agent', desired: 3, ready: 2, available: 2, updated: 3 },
    (s) => s.kubernetes?.deployments[0],
  ],
  ['node', ['n1'], { name: 'n1', ready: true }, (s) => s.kubernetes?.nodes[0]],
  [
    'k8s_event',
    ['agents', 'Pod/x', 'BackOff'],
    {
      namespace: 'agents',
      object: 'Pod/x',
      reason: 'BackOff',
      message: 'again',
      count: 4,
      last_seen: before.timestamp,
    },
    (s) => s.kubernetes?.events[0],
  ],
  [
    'group',
    ['audit'],
    { group: 'audit', state: 'Stable', lag_messages: 3, members: [], partitions: [] },
    (s) => s.kafka?.groups[1],
  ],
  ['topic', ['zzz'], { topic: 'zzz', partitions: 1 }, (s) => s.kafka?.topics[1]],
  [
    'by_agent',
    ['writer-agent'],
    { agent_id: 'writer-agent', calls: 1, prompt_tokens: 2, completion_tokens: 3, cost_usd: 0.1 },
    (s) => s.llm_usage?.by_agent[3],
  ],
  [
    'by_model',
    ['ollama', 'llama3'],
    {
      provider: 'ollama',
      model: 'llama3',
      calls: 1,
      prompt_tokens: 2,
      completion_tokens: 3,
      cost_usd: 0,
      rate_limited: 0,
      errors: 0,
    },
    (s) => s.llm_usage?.by_model[0],
  ],
  [
    'in_flight',
    ['call-0'],
    {
      call_id: 'call-0',
      provider: 'openai',
      model: 'gpt-4o',
      started_at: before.timestamp,
      streaming: false,
    },
    (s) => s.llm_usage?.in_flight[0],
  ],
  [
    'alert',
    ['a1'],
    { id: 'a1', severity: 'high', title: 'Lag', source: 'kafka', agent_ids: [], since: before.timestamp },
    (s) => s.alerts[0],
  ],
  [
    'incident',
    ['i1'],
    { id: 'i1', status: 'open', severity: 'critical', title: 'Orphaned task', since: before.timestamp },
    (s) => s.incidents[0],
  ],
  [
    'source',
    ['kafka', 'other:9092'],
    { name: 'kafka', instance: 'other:9092', status: 'fresh', age_seconds: 0.1, interval_seconds: 2 },
    (s) => s.sources[1],
  ],
]

describe.each(ENTITIES)('a change of kind %s', (kind, key, value, find) => {
  const set = setting([kind, key, value])

  it('puts the entity in the place that its key gives it', () => {
    expect(find(applyChange(before, set))).toEqual(value)
  })

  it('changes nothing when it is applied a second time', () => {
    const once = applyChange(before, set)
    expect(applyChange(once, structuredClone(set))).toBe(once)
  })

  it('is undone by its removal, which changes nothing the second time', () => {
    const gone = applyChange(applyChange(before, set), removing([kind, key]))
    expect(gone).toEqual(
      kind === 'deployment' || kind === 'node' || kind === 'k8s_event'
        ? { ...before, kubernetes: { deployments: [], nodes: [], events: [] } }
        : before,
    )
    expect(applyChange(gone, removing([kind, key]))).toBe(gone)
  })

  it('leaves the snapshot before it as it was', () => {
    const copy = structuredClone(before)
    applyChange(before, set)
    expect(before).toEqual(copy)
  })
})

describe('a workload', () => {
  const changed = {
    deployment_name: 'research-agent',
    namespace: 'agents',
    kind: 'Deployment',
    runtime: 'kubernetes',
    max_pods: 9,
    live: { active_pods: 2, updated_at: before.timestamp },
  }

  it('keeps its pods when its other fields change', () => {
    const after = applyChange(before, setting(['workload', ['agents', 'research-agent'], changed]))
    expect(after.workload[2]).toEqual({ ...changed, pods: before.workload[2]?.pods })
    expect(after.workload[2]?.pods).toBe(before.workload[2]?.pods)
  })

  it('that is new takes the pods that the same change names before it', () => {
    const pod = { pod_id: 'p', name: 'coder-1', status: 'Running' }
    const after = applyChange(
      before,
      setting(
        ['pod', ['agents', 'coder-agent', 'p'], pod],
        ['workload', ['agents', 'coder-agent'], { ...changed, deployment_name: 'coder-agent' }],
      ),
    )
    expect(after.workload.map((one) => one.deployment_name)).toEqual([
      'analysis-agent',
      'coder-agent',
      'orchestrator',
      'research-agent',
      'writer-agent',
    ])
    expect(after.workload[1]?.pods).toEqual([pod])
  })

  it('goes with its pods', () => {
    const after = applyChange(before, removing(['workload', ['agents', 'research-agent']]))
    expect(after.workload).toHaveLength(3)
  })

  it('that is unknown has no pods to change', () => {
    const pod = { pod_id: 'p', name: 'x', status: 'Running' }
    expect(applyChange(before, setting(['pod', ['agents', 'nobody', 'p'], pod]))).toBe(before)
    expect(applyChange(before, removing(['pod', ['agents', 'nobody', 'p']]))).toBe(before)
  })
})

describe('a part with fields of its own', () => {
  it('keeps its lists when its fields change', () => {
    const after = applyChange(
      before,
      setting(['kafka', [], { sampled_at: '2026-02-06T14:32:14Z', brokers: 2 }]),
    )
    expect(after.kafka).toEqual({ ...before.kafka, sampled_at: '2026-02-06T14:32:14Z', brokers: 2 })
    expect(after.kafka?.groups).toBe(before.kafka?.groups)
    expect(after.llm_usage).toBe(before.llm_usage)
  })

  it('loses a field that is no longer reported', () => {
    const start = applyChange(
      before,
      setting(['kafka', [], { sampled_at: before.timestamp, brokers: 3, extra: 1 }]),
    )
    const after = applyChange(start, setting(['kafka', [], { sampled_at: before.timestamp, brokers: 3 }]))
    expect(after.kafka).not.toHaveProperty('extra')
  })

  it('appears with what stands in it, whatever the order', () => {
    const group = { group: 'g', state: 'Stable', lag_messages: 0, members: [], partitions: [] }
    const scalars = { sampled_at: before.timestamp, brokers: 1 }
    const after = applyChange(anEmptySnapshot(), setting(['group', ['g'], group], ['kafka', [], scalars]))
    expect(after.kafka).toEqual({ ...scalars, groups: [group], topics: [] })
  })

  it('is removed whole, and then takes nothing in', () => {
    const after = applyChange(before, removing(['kafka', []], ['llm_usage', []]))
    expect(after).not.toHaveProperty('kafka')
    expect(after).not.toHaveProperty('llm_usage')
    expect(applyChange(after, setting(['topic', ['t'], { topic: 't', partitions: 1 }]))).toBe(after)
    expect(applyChange(after, removing(['kafka', []]))).toBe(after)
  })
})

describe('structural sharing', () => {
  it('gives a new identity to what changed and to nothing else', () => {
    const agent = { ...before.agents[2], status: 'healthy' }
    const after = applyChange(before, setting(['agent', ['research-agent'], agent]))
    expect(after).not.toBe(before)
    expect(after.agents[2]).toBe(agent)
    expect(after.agents[0]).toBe(before.agents[0])
    expect(after.workload).toBe(before.workload)
    expect(after.sources).toBe(before.sources)
  })

  it('takes an equal value for no change, whatever the order of its fields', () => {
    const [first] = before.queues
    const reordered = { tasks: [], depth: first?.depth, name: first?.name }
    expect(applyChange(before, setting(['queue', ['agent-task-queue'], reordered]))).toBe(before)
  })
})

describe('what comes from outside', () => {
  it('is ignored when its kind is unknown or belongs to the activity', () => {
    for (const kind of ['event', 'call', 'hologram', '__proto__', 'constructor', 'toString']) {
      expect(applyChange(before, setting([kind, ['x'], { id: 'x' }]))).toBe(before)
      expect(applyChange(before, removing([kind, ['x']]))).toBe(before)
    }
  })

  it('is ignored when its value is no object', () => {
    for (const value of [null, 1, 'text', []]) {
      expect(applyChange(before, setting(['agent', ['x'], value]))).toBe(before)
    }
  })

  it('is kept as data when it is called __proto__', () => {
    const value: unknown = JSON.parse(
      '{"name": "__proto__", "depth": 1, "tasks": [], "__proto__": {"polluted": true}}',
    )
    const after = applyChange(before, setting(['queue', ['__proto__'], value]))
    expect(after.queues.map((one) => one.name)).toEqual(['__proto__', 'agent-task-queue'])
    const scalars: unknown = JSON.parse('{"brokers": 1, "sampled_at": "x", "__proto__": {"polluted": true}}')
    const last = applyChange(after, setting(['kafka', ['__proto__'], scalars]))
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
    expect((last.kafka as unknown as Record<string, unknown>).polluted).toBeUndefined()
  })

  it('finds an entity even where the list is not in order', () => {
    const unordered = { ...before, agents: before.agents.toReversed() }
    const agent = { ...before.agents[0], status: 'down' }
    const after = applyChange(unordered, setting(['agent', ['analysis-agent'], agent]))
    expect(after.agents).toHaveLength(before.agents.length)
    expect(after.agents.at(-1)).toBe(agent)
  })
})
