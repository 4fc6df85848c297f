// One topic: a line that says what flows through it and what holds it up, and below it, when open, the rest.
import { memo } from 'react'
import type { Topic } from '@/api/generated/oracleState'
import { Badge } from '@/components/Badge'
import { Foldable } from '@/components/Foldable'
import { Metric } from '@/components/Metric'
import { readable } from '@/components/names'
import { rate } from '@/components/rate'
import { bytesPerSecond, count, duration, UNKNOWN } from '@/components/units'
import { notesOf, toneOf } from './topics'

interface TopicRowProps {
  readonly topic: Topic
  /** The topics that take its dead letters; needed only while it is open. */
  readonly deadLetters: readonly Topic[] | undefined
  readonly open: boolean
  readonly onToggle: (name: string) => void
}

/** Its topic is a part of the snapshot itself, so a line renders only when its own topic changed. */
export const TopicRow = memo(function TopicRow({ topic, deadLetters = [], open, onToggle }: TopicRowProps) {
  return (
    <Foldable
      name={topic.topic}
      tone={toneOf(topic)}
      line={lineOf(topic)}
      badges={notesOf(topic).map(({ word, tone, means }) => (
        <span key={word} title={means}>
          <Badge tone={tone}>{word}</Badge>
        </span>
      ))}
      figures={<Flow topic={topic} />}
      open={open}
      onToggle={onToggle}
    >
      <Inside topic={topic} deadLetters={deadLetters} />
    </Foldable>
  )
})

function lineOf({ partitions, agent_ids = [], dead_letter_of }: Topic): string {
  return [
    `${count(partitions)} ${partitions === 1 ? 'partition' : 'partitions'}`,
    dead_letter_of === undefined ? [] : `dead letters of ${readable(dead_letter_of)}`,
    agent_ids.length === 0 ? [] : `read by ${agent_ids.map(readable).join(', ')}`,
  ]
    .flat()
    .join(' · ')
}

function Flow({ topic }: { topic: Topic }) {
  const { produced_per_second, consumed_per_second, depth, lag_seconds } = topic
  return (
    <>
      {produced_per_second === undefined && consumed_per_second === undefined ? (
        <span className="text-muted">rates unknown</span>
      ) : (
        <>
          <Rate value={produced_per_second} word="in" /> <Rate value={consumed_per_second} word="out" />
        </>
      )}
      <span className="block text-muted text-xs">
        {depth === undefined ? 'depth unknown' : `${count(depth)} deep`}
        {lag_seconds !== undefined && ` · ${duration(lag_seconds)} behind`}
      </span>
    </>
  )
}

function Rate({ value, word }: { value: number | undefined; word: string }) {
  return (
    <span className="ml-2 whitespace-nowrap">
      {value === undefined ? 'unknown' : `${rate(value)}/s`}{' '}
      <span className="text-muted text-xs">{word}</span>
    </span>
  )
}

function Inside({ topic, deadLetters }: { topic: Topic; deadLetters: readonly Topic[] }) {
  const notes = notesOf(topic)
  return (
    <>
      {notes.length > 0 && (
        <ul aria-label={`Notes on ${readable(topic.topic)}`} className="text-sm [overflow-wrap:anywhere]">
          {notes.map(({ word, means }) => (
            <li key={word}>{means}</li>
          ))}
        </ul>
      )}
      <dl className="grid grid-cols-2 gap-3 sm:grid-cols-4">
        <Metric
          name="In"
          value={rate(topic.produced_per_second)}
          unit="/s"
          unitInFull="messages per second"
        />
        <Metric
          name="Out"
          value={rate(topic.consumed_per_second)}
          unit="/s"
          unitInFull="messages per second"
        />
        <Metric name="End to end" value={duration(topic.end_to_end_seconds)} />
        <Metric name="Behind at most" value={duration(topic.lag_seconds)} />
        <Metric name="Depth" value={count(topic.depth)} unit="messages" />
        <Metric name="Messages kept" value={count(topic.messages)} />
        <Metric name="Size on disk" value={sizeOf(topic)} />
        {topic.dead_letters_per_minute !== undefined && (
          <Metric
            name="Dead letters"
            value={rate(topic.dead_letters_per_minute)}
            unit="/min"
            unitInFull="dead letters per minute"
            alarming={topic.dead_letters_per_minute > 0}
          />
        )}
      </dl>
      {deadLetters.length > 0 && (
        <p className="text-sm [overflow-wrap:anywhere]">
          <span className="text-muted">Its dead letters go to </span>
          {deadLetters.map(inWords).join(', ')}.
        </p>
      )}
    </>
  )
}

function inWords({ topic, dead_letters_per_minute }: Topic): string {
  if (dead_letters_per_minute === undefined) return readable(topic)
  return `${readable(topic)}, ${rate(dead_letters_per_minute)} a minute`
}

/** Bytes are written as in a rate, without the time. */
function sizeOf({ size_bytes }: Topic): string {
  return size_bytes === undefined ? UNKNOWN : bytesPerSecond(size_bytes).replace(/\/s$/, '')
}
