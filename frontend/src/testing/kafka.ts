// A broker that has every trouble at once, and one that carries very many groups, as tests and the preview show.
import type { Group, GroupPartition, Kafka, Snapshot, Topic } from '@/api/generated/oracleState'
import { aSnapshot, TICK } from './snapshot'

export function aGroup(group: string, more: Partial<Group> = {}): Group {
  return { group, state: 'Stable', members: [], partitions: [], ...more }
}

export function aPartition(partition: number, more: Partial<GroupPartition> = {}): GroupPartition {
  return { topic: 'tasks', partition, end_offset: 1000, ...more }
}

export function aTopic(topic: string, more: Partial<Topic> = {}): Topic {
  return { topic, partitions: 3, ...more }
}

/** Give a moment with these groups and topics, and whatever else the broker is to have. */
export function withKafka(part: Partial<Kafka>, at: number = Date.parse(TICK)): Snapshot {
  const before = aSnapshot(at)
  const sampled_at = new Date(at - 1000).toISOString()
  return { ...before, kafka: { sampled_at, brokers: 3, groups: [], topics: [], ...part } }
}

/** Give a moment in which a broker is gone, and a group each is stopped, stalled, rewound, behind and refused. */
export function aSickBroker(at: number = Date.parse(TICK)): Snapshot {
  const ago = (seconds: number) => new Date(at - seconds * 1000).toISOString()
  return withKafka(
    {
      sample_seconds: 0.42,
      interval_seconds: 12,
      interval_reason: 'A sample costs 1.2 s of CPU: more often would take more than a tenth of a core.',
      commits_from: 'admin_api',
      commits_from_reason: '__consumer_offsets may not be read: TOPIC_AUTHORIZATION_FAILED',
      brokers: 2,
      brokers_missing: [3],
      groups: sickGroups(ago),
      topics: sickTopics(ago),
    },
    at,
  )
}

function sickGroups(ago: (seconds: number) => string): Group[] {
  return [
    aGroup('analysis-agents', {
      verdict: 'ok',
      lag_messages: 0,
      lag_seconds: 0,
      committed_at: ago(2),
      agent_ids: ['analysis-agent'],
      members: [
        {
          member_id: 'analysis-1-b0c5',
          client_id: 'analysis-1',
          host: '/10.0.0.5',
          topics: ['tasks'],
          agent_id: 'analysis-agent',
        },
      ],
      partitions: [
        aPartition(0, { committed_offset: 1000, lag_messages: 0, lag_seconds: 0, verdict: 'ok' }),
        aPartition(1, { lag_messages: 0, committed_offset: 1400, doubt: 'beyond_end', verdict: 'ok' }),
      ],
    }),
    aGroup('audit', { state: 'Stable', unavailable: 'GROUP_AUTHORIZATION_FAILED' }),
    aGroup('old-import', { state: 'Empty', partitions: [aPartition(0, { doubt: 'no_commit' })] }),
    aGroup('research-agents', {
      verdict: 'lagging',
      lag_messages: 128,
      lag_seconds: 8.4,
      committed_at: ago(3),
      consumed_per_second: 9.3,
      produced_per_second: 12.5,
      seconds_to_catch_up: 40,
      agent_ids: ['research-agent'],
      members: [
        { member_id: 'research-1', client_id: 'research-1', host: '/10.0.0.7', topics: ['tasks'] },
        { member_id: 'research-2', client_id: 'research-2', host: '/10.0.0.8' },
      ],
      partitions: [aPartition(0, { committed_offset: 872, lag_messages: 128, lag_seconds: 8.4 })],
    }),
    aGroup('replay', { verdict: 'rewinding', lag_messages: 400, lag_seconds: 3600, committed_at: ago(1) }),
    aGroup('mailer', {
      verdict: 'stalled',
      lag_messages: 17,
      lag_seconds: 305,
      committed_at: ago(4),
      never_catches_up: true,
      consumed_per_second: 0,
      produced_per_second: 0.02,
    }),
    aGroup('writer-agents', {
      state: 'Empty',
      agent_ids: ['writer-agent'],
      verdict: 'stopped',
      lag_messages: 13_450,
      lag_seconds: 74,
      committed_at: ago(90),
      never_catches_up: true,
      consumed_per_second: 0,
      produced_per_second: 4,
      partitions: [
        aPartition(0, { committed_offset: 980, lag_messages: 20, lag_seconds: 9, verdict: 'stopped' }),
        aPartition(2, {
          committed_offset: 1550,
          end_offset: 14_980,
          lag_messages: 13_430,
          lag_seconds: 74,
          verdict: 'stopped',
          doubt: 'truncated',
          lost_messages: 120,
          never_catches_up: true,
        }),
        aPartition(1, { committed_offset: 1000, lag_messages: 0, lag_seconds: 0, verdict: 'ok' }),
      ],
      partitions_left_out: 12,
    }),
  ]
}

function sickTopics(ago: (seconds: number) => string): Topic[] {
  return [
    aTopic('idle', {
      produced_per_second: 0,
      consumed_per_second: 0,
      depth: 0,
      lag_seconds: 0,
      messages: 12,
    }),
    aTopic('results', {
      produced_per_second: 3.2,
      consumed_per_second: 3.2,
      end_to_end_seconds: 0.3,
      depth: 2,
      lag_seconds: 0.2,
      partitions_added_at: ago(600),
      partitions: 6,
      agent_ids: ['orchestrator'],
    }),
    aTopic('tasks', {
      produced_per_second: 12.5,
      consumed_per_second: 4,
      end_to_end_seconds: 9.1,
      depth: 13_450,
      lag_seconds: 74,
      backpressure: true,
      messages: 48_200,
      size_bytes: 98_566_144,
      under_replicated: 2,
      agent_ids: ['analysis-agent', 'research-agent'],
    }),
    aTopic('tasks.dlq', {
      partitions: 1,
      dead_letter_of: 'tasks',
      dead_letters_per_minute: 3,
      messages: 41,
      size_bytes: 20_480,
    }),
    aTopic('events', { leaderless: 1, under_replicated: 1, recreated_at: ago(120) }),
    aTopic('secret', { partitions: 0, unavailable: 'TOPIC_AUTHORIZATION_FAILED' }),
  ]
}

/** Give a moment with this many groups, each hundredth stopped, and half as many topics. */
export function withGroups(number: number, at: number = Date.parse(TICK)): Snapshot {
  const name = (kind: string, index: number) => `${kind}-${String(index).padStart(5, '0')}`
  const groups = Array.from({ length: number }, (_, index) =>
    aGroup(name('group', index), {
      verdict: index % 100 === 7 ? 'stopped' : 'ok',
      lag_messages: index % 100 === 7 ? index : 0,
      lag_seconds: index % 100 === 7 ? index / 10 : 0,
      partitions: [aPartition(0, { committed_offset: 1000, lag_messages: 0, lag_seconds: 0, verdict: 'ok' })],
    }),
  )
  const topics = Array.from({ length: Math.ceil(number / 2) }, (_, index) =>
    aTopic(name('topic', index), { partitions: 1, depth: index % 50, produced_per_second: index % 7 }),
  )
  return withKafka({ groups, topics }, at)
}
