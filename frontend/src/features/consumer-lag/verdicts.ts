// The broker collector's verdicts and doubts in plain words, and how much each wants to be looked at. Pure.
import type { Group, GroupPartition } from '@/api/generated/oracleState'
import type { Tone } from '@/components/status'

export type Verdict = NonNullable<Group['verdict']>
export type Doubt = NonNullable<GroupPartition['doubt']>

export const VERDICT_TONE: Record<Verdict, Tone> = {
  ok: 'good',
  lagging: 'warn',
  rewinding: 'warn',
  stalled: 'bad',
  stopped: 'bad',
}

export const VERDICT_MEANS: Record<Verdict, string> = {
  ok: 'It has read everything, or it keeps up with what comes in.',
  lagging: 'It reads, but over the last samples its lag did not shrink.',
  stalled: 'A member is there, but its position does not move while messages wait.',
  stopped: 'It no longer commits while messages wait.',
  rewinding: 'Its position went back: it reads messages again.',
}

export const DOUBT_MEANS: Record<Doubt, string> = {
  no_commit: 'Nothing is committed here, so that the lag is unknown.',
  beyond_end:
    'The commit lies beyond the end: the topic was made anew, or the commit was set there. The lag counts as 0.',
  truncated: 'The broker removed messages that the group had not read.',
  future_timestamps: 'Messages bear times later than now: it is behind by at least this long.',
  unanswered: 'The partition does not answer: its offsets are the last known.',
}

/** Give in words what makes a partition's lag doubtful, or undefined; what was lost is told with its number. */
export function doubtOf({ doubt, lost_messages = 0 }: GroupPartition): string | undefined {
  const lost =
    lost_messages > 0
      ? `The broker removed ${lost_messages.toLocaleString('en')} messages that the group had not read.`
      : undefined
  if (doubt === undefined || (doubt === 'truncated' && lost !== undefined)) return lost
  return lost === undefined ? DOUBT_MEANS[doubt] : `${DOUBT_MEANS[doubt]} ${lost}`
}

/** The worst verdict weighs most; a group that cannot be read stands above those that are well. */
const VERDICT_WEIGHT: Record<Verdict, number> = { stopped: 6, stalled: 5, rewinding: 4, lagging: 3, ok: 0 }
const UNREADABLE_WEIGHT = 2
/** Of a group that nobody runs any more; still in trouble, but behind all who may be helped. */
export const ABANDONED_WEIGHT = 1
const UNKNOWN_WEIGHT = -1

type Judged = Pick<Group, 'verdict' | 'unavailable'>

export function weightOf({ verdict, unavailable }: Judged): number {
  if (verdict !== undefined) return VERDICT_WEIGHT[verdict] ?? UNKNOWN_WEIGHT
  return unavailable === undefined ? UNKNOWN_WEIGHT : UNREADABLE_WEIGHT
}

export function isInTrouble(judged: Judged): boolean {
  return weightOf(judged) > VERDICT_WEIGHT.ok
}

export function toneOf({ verdict, unavailable }: Judged): Tone {
  if (verdict !== undefined) return VERDICT_TONE[verdict] ?? 'calm'
  return unavailable === undefined ? 'calm' : 'warn'
}
