import { describe, expect, it } from 'vitest'
import type { Group } from '@/api/generated/oracleState'
import { aGroup, aPartition, withGroups } from '@/testing/kafka'
import { narrowed, sumsOf, worstGroupsFirst, worstPartitionsFirst } from './order'

const names = (groups: readonly Group[]) => groups.map(({ group }) => group)

describe('consumer groups', () => {
  // tests/cli/test_show_kafka.py and tests/api/test_kafka_issues.py hold the same order.
  it('stand in the order of their verdict, but those of nobody behind all that may be helped', () => {
    const groups = [
      aGroup('abandoned', { verdict: 'stopped', lag_seconds: 1e6 }),
      aGroup('unknown'),
      aGroup('ok', { verdict: 'ok' }),
      aGroup('refused', { unavailable: 'GROUP_AUTHORIZATION_FAILED' }),
      aGroup('lagging', { verdict: 'lagging', lag_seconds: 9000 }),
      aGroup('rewinding', { verdict: 'rewinding' }),
      aGroup('stalled', { verdict: 'stalled' }),
      aGroup('stopped', { verdict: 'stopped', agent_ids: ['writer'] }),
    ]
    expect(names(worstGroupsFirst(groups))).toEqual([
      'stopped',
      'stalled',
      'rewinding',
      'lagging',
      'refused',
      'abandoned',
      'ok',
      'unknown',
    ])
  })

  it('of one verdict stand in the order of seconds, then messages, then names, the unknown last', () => {
    const groups = [
      aGroup('b', { lag_seconds: 5, lag_messages: 1 }),
      aGroup('no-seconds', { lag_messages: 9000 }),
      aGroup('a', { lag_seconds: 5, lag_messages: 1 }),
      aGroup('more', { lag_seconds: 5, lag_messages: 2 }),
      aGroup('late', { lag_seconds: 60, lag_messages: 1 }),
      aGroup('nothing'),
      aGroup('zero', { lag_seconds: 0, lag_messages: 0 }),
    ].map((group) => ({ ...group, verdict: 'lagging' as const }))
    expect(names(worstGroupsFirst(groups))).toEqual([
      'late',
      'more',
      'a',
      'b',
      'zero',
      'no-seconds',
      'nothing',
    ])
  })

  it.each<[string, string[]]>([
    ['  ', ['writers', 'readers', 'import']],
    ['WRIT', ['writers']],
    ['scribe', ['readers']],
    ['nothing', []],
  ])('searched for “%s” are %o', (text, found) => {
    const groups = [aGroup('writers'), aGroup('readers', { agent_ids: ['scribe'] }), aGroup('import')]
    expect(names(narrowed(groups, text))).toEqual(found)
  })

  it('are summed over those whose lag is known, and the others are counted', () => {
    const groups = [aGroup('a', { lag_messages: 3, verdict: 'stopped' }), aGroup('b', { lag_messages: 0 })]
    expect(sumsOf(groups)).toEqual({ groups: 2, inTrouble: 1, messages: 3, unknown: 0 })
    expect(sumsOf([...groups, aGroup('c')])).toMatchObject({ messages: 3, unknown: 1 })
    expect(sumsOf([aGroup('c')])).toMatchObject({ messages: undefined, unknown: 1 })
  })

  it('that are ten thousand have the hundred worst first', () => {
    const ordered = worstGroupsFirst(withGroups(10_000).kafka?.groups ?? [])
    expect(ordered.slice(0, 100).every(({ verdict }) => verdict === 'stopped')).toBe(true)
    expect(ordered[0]?.group).toBe('group-09907')
  })
})

it('partitions stand worst first, then by topic and number', () => {
  const partitions = [
    aPartition(10, { verdict: 'ok', lag_seconds: 0 }),
    aPartition(2, { verdict: 'ok', lag_seconds: 0 }),
    aPartition(0, { topic: 'results', verdict: 'ok', lag_seconds: 0 }),
    aPartition(7, { verdict: 'stalled', lag_seconds: 1 }),
    aPartition(8, { verdict: 'stalled', lag_seconds: 4 }),
  ]
  expect(worstPartitionsFirst(partitions).map(({ topic, partition }) => `${topic} ${partition}`)).toEqual([
    'tasks 8',
    'tasks 7',
    'results 0',
    'tasks 2',
    'tasks 10',
  ])
})
