// What there is to say of a topic, the order in which topics are listed, and those a search finds. Pure.
import type { Topic } from '@/api/generated/oracleState'
import { readable } from '@/components/names'
import { rate } from '@/components/rate'
import { type Tone, WEIGHT } from '@/components/status'
import { count, timeOfDay } from '@/components/units'

export interface Note {
  readonly tone: Tone
  readonly word: string
  /** The whole sentence, for those who ask. */
  readonly means: string
}

const bad = (word: string, means: string): Note => ({ tone: 'bad', word, means })
const warn = (word: string, means: string): Note => ({ tone: 'warn', word, means })
const info = (word: string, means: string): Note => ({ tone: 'info', word, means })

/** Give all that is out of the ordinary, the worst first. */
export function notesOf(topic: Topic): Note[] {
  const { leaderless = 0, under_replicated = 0, backpressure, unavailable, dead_letter_of } = topic
  const { recreated_at, partitions_added_at } = topic
  return [
    leaderless > 0
      ? bad(
          `${count(leaderless)} leaderless`,
          `${partitions(leaderless)} no leader: nobody can write or read.`,
        )
      : [],
    deadLettersOf(topic),
    under_replicated > 0
      ? warn(
          `${count(under_replicated)} under-replicated`,
          `${partitions(under_replicated)} fewer replicas in sync than are wanted.`,
        )
      : [],
    backpressure === true ? warn('backpressure', 'The lag grows while no more is read than before.') : [],
    unavailable !== undefined ? warn('cannot be read', `It cannot be read: ${unavailable}`) : [],
    recreated_at !== undefined
      ? info(
          `recreated ${timeOfDay(Date.parse(recreated_at))}`,
          'It was made anew and its offsets begin again: older commits mean nothing.',
        )
      : [],
    partitions_added_at !== undefined
      ? info(
          `partitions added ${timeOfDay(Date.parse(partitions_added_at))}`,
          'It has more partitions than before: keys may now go to other partitions.',
        )
      : [],
    dead_letter_of !== undefined && !deadLettersGrow(topic)
      ? {
          tone: 'calm' as const,
          word: 'dead letters',
          means: `It takes what ${readable(dead_letter_of)} could not deliver.`,
        }
      : [],
  ].flat()
}

function deadLettersGrow({ dead_letters_per_minute = 0 }: Topic): boolean {
  return dead_letters_per_minute > 0
}

function deadLettersOf(topic: Topic): Note | [] {
  const { dead_letters_per_minute, dead_letter_of } = topic
  if (!deadLettersGrow(topic)) return []
  const whose = dead_letter_of === undefined ? '' : ` of ${readable(dead_letter_of)}`
  const number = rate(dead_letters_per_minute)
  return bad(`+${number} dead letters/min`, `Messages${whose} fail and land here, ${number} a minute.`)
}

function partitions(number: number): string {
  return number === 1 ? 'One partition has' : `${count(number)} partitions have`
}

export function toneOf(topic: Topic): Tone {
  return notesOf(topic)[0]?.tone ?? 'good'
}

export function isInTrouble(topic: Topic): boolean {
  return WEIGHT[toneOf(topic)] >= WEIGHT.warn
}

/** Trouble first; then what waits longest, what holds most, what has most coming in; then by name. */
export function troubleFirst(topics: readonly Topic[]): Topic[] {
  return topics
    .map((topic) => ({ topic, weight: WEIGHT[toneOf(topic)] }))
    .sort(
      (left, right) =>
        right.weight - left.weight ||
        compare(right.topic, left.topic, 'lag_seconds') ||
        compare(right.topic, left.topic, 'depth') ||
        compare(right.topic, left.topic, 'produced_per_second') ||
        byCodeUnits(left.topic.topic, right.topic.topic),
    )
    .map(({ topic }) => topic)
}

function compare(left: Topic, right: Topic, field: 'lag_seconds' | 'depth' | 'produced_per_second'): number {
  return (left[field] ?? -1) - (right[field] ?? -1)
}

/** Keep the topics whose name has this text in it, or the name of a topic or agent they belong to. */
export function narrowed(topics: readonly Topic[], text: string): readonly Topic[] {
  const wanted = text.trim().toLowerCase()
  if (wanted === '') return topics
  return topics.filter(({ topic, dead_letter_of = '', agent_ids = [] }) =>
    [topic, dead_letter_of, ...agent_ids].some((name) => name.toLowerCase().includes(wanted)),
  )
}

/** Give for each topic those that take its dead letters. */
export function deadLetterTopics(topics: readonly Topic[]): ReadonlyMap<string, readonly Topic[]> {
  const found = new Map<string, Topic[]>()
  for (const topic of topics) {
    if (topic.dead_letter_of === undefined) continue
    const known = found.get(topic.dead_letter_of)
    if (known === undefined) found.set(topic.dead_letter_of, [topic])
    else known.push(topic)
  }
  return found
}

function byCodeUnits(left: string, right: string): number {
  return left < right ? -1 : Number(left > right)
}
