import { describe, expect, it } from 'vitest'
import type { Topic } from '@/api/generated/oracleState'
import type { Tone } from '@/components/status'
import { aTopic } from '@/testing/kafka'
import { deadLetterTopics, isInTrouble, narrowed, notesOf, toneOf, troubleFirst } from './topics'

const names = (topics: readonly Topic[]) => topics.map(({ topic }) => topic)

describe('a topic', () => {
  it.each<[string, Partial<Topic>, string[], Tone, boolean]>([
    ['in order', { under_replicated: 0, leaderless: 0, backpressure: false }, [], 'good', false],
    [
      'without a leader',
      { leaderless: 1, under_replicated: 2 },
      ['1 leaderless', '2 under-replicated'],
      'bad',
      true,
    ],
    ['held up', { backpressure: true }, ['backpressure'], 'warn', true],
    ['not to be read', { unavailable: 'refused' }, ['cannot be read'], 'warn', true],
    ['recreated', { recreated_at: '2026-02-06T14:30:00Z' }, ['recreated 14:30:00 UTC'], 'info', false],
    [
      'grown',
      { partitions_added_at: '2026-02-06T14:30:00Z' },
      ['partitions added 14:30:00 UTC'],
      'info',
      false,
    ],
    [
      'of dead letters',
      { dead_letter_of: 'tasks', dead_letters_per_minute: 0 },
      ['dead letters'],
      'calm',
      false,
    ],
    [
      'of more dead letters',
      { dead_letter_of: 'a', dead_letters_per_minute: 0.01 },
      ['+<0.1 dead letters/min'],
      'bad',
      true,
    ],
  ])('that is %s says so', (_, part, words, tone, trouble) => {
    const topic = aTopic('a', part)
    expect(notesOf(topic).map(({ word }) => word)).toEqual(words)
    expect([toneOf(topic), isInTrouble(topic)]).toEqual([tone, trouble])
  })

  it('says whose dead letters it takes', () => {
    const [note] = notesOf(aTopic('tasks.dlq', { dead_letter_of: 'tasks', dead_letters_per_minute: 3 }))
    expect(note?.means).toBe('Messages of tasks fail and land here, 3 a minute.')
  })
})

describe('the topics', () => {
  it('stand trouble first, then by seconds, depth, what comes in, and name', () => {
    const topics = [
      aTopic('b'),
      aTopic('a'),
      aTopic('busy', { produced_per_second: 9 }),
      aTopic('deep', { depth: 7 }),
      aTopic('late', { lag_seconds: 1 }),
      aTopic('pressed', { backpressure: true }),
      aTopic('headless', { leaderless: 1 }),
    ]
    expect(names(troubleFirst(topics))).toEqual(['headless', 'pressed', 'late', 'deep', 'busy', 'a', 'b'])
  })

  it('are found by their name, the topic they take dead letters of, and the agents that read them', () => {
    const topics = [
      aTopic('tasks', { agent_ids: ['Writer'] }),
      aTopic('dlq', { dead_letter_of: 'tasks' }),
      aTopic('x'),
    ]
    expect(names(narrowed(topics, 'task'))).toEqual(['tasks', 'dlq'])
    expect(names(narrowed(topics, ' writer '))).toEqual(['tasks'])
    expect(names(narrowed(topics, ''))).toHaveLength(3)
  })

  it('know which topics take their dead letters', () => {
    const found = deadLetterTopics([
      aTopic('tasks'),
      aTopic('tasks.dlq', { dead_letter_of: 'tasks' }),
      aTopic('tasks.DLT', { dead_letter_of: 'tasks' }),
    ])
    expect(names(found.get('tasks') ?? [])).toEqual(['tasks.dlq', 'tasks.DLT'])
    expect(found.has('tasks.dlq')).toBe(false)
  })
})
