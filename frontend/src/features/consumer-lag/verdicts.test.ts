import { expect, it } from 'vitest'
import type { GroupPartition } from '@/api/generated/oracleState'
import { aPartition } from '@/testing/kafka'
import { doubtOf } from './verdicts'

it.each<[string, Partial<GroupPartition>, RegExp | undefined]>([
  ['no doubt', {}, undefined],
  ['no commit', { doubt: 'no_commit' }, /^Nothing is committed here.*unknown\.$/],
  ['a commit beyond the end', { doubt: 'beyond_end' }, /beyond the end.*made anew, or .* set/],
  ['a truncation', { doubt: 'truncated' }, /^The broker removed messages/],
  ['a truncation of known size', { doubt: 'truncated', lost_messages: 1200 }, /^The broker removed 1,200 m/],
  ['a loss alone', { lost_messages: 3 }, /^The broker removed 3 messages/],
  ['future timestamps', { doubt: 'future_timestamps' }, /later than now.*at least/],
  ['no answer and a loss', { doubt: 'unanswered', lost_messages: 3 }, /does not answer.* removed 3 messages/],
])('a partition with %s is told of in plain words', (_, part, words) => {
  const told = doubtOf(aPartition(0, part))
  if (words === undefined) expect(told).toBeUndefined()
  else expect(told).toMatch(words)
})
