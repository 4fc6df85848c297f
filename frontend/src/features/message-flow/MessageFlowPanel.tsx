// What flows through the topics of the broker, and where it is held up: trouble first.
import { useDeferredValue, useMemo, useState } from 'react'
import type { Topic } from '@/api/generated/oracleState'
import { useLive } from '@/api/live'
import { unavailableParts } from '@/api/unavailable'
import { LongList } from '@/components/LongList'
import { Notice } from '@/components/Notice'
import { Panel } from '@/components/Panel'
import { Caution, PanelBody } from '@/components/PanelBody'
import { rate } from '@/components/rate'
import { SearchField } from '@/components/SearchField'
import { ClusterLine } from './ClusterLine'
import { TopicRow } from './TopicRow'
import { deadLetterTopics, isInTrouble, narrowed, troubleFirst } from './topics'

/** As many topics as are seen at a glance need no search. */
const SEARCH_ABOVE = 12
const NONE: readonly Topic[] = []

export function MessageFlowPanel() {
  const kafka = useLive((state) => state.snapshot?.kafka)
  const topics = kafka?.topics ?? NONE
  const summary = useMemo(() => summaryOf(topics), [topics])
  return (
    <Panel title="Message flow" summary={summary} caution={<Caution source="kafka" />}>
      <PanelBody of="the message flow" rows={4} isEmpty={kafka === undefined} empty={<NoBroker />}>
        <div className="flex flex-col gap-3">
          {kafka !== undefined && <ClusterLine kafka={kafka} />}
          {topics.length === 0 ? <NoTopics /> : <Topics topics={topics} />}
        </div>
      </PanelBody>
    </Panel>
  )
}

/** Nothing was ever sampled: the broker does not answer, or nobody watches one. */
function NoBroker() {
  const reason = useLive(
    (state) =>
      state.snapshot?.sources.find(({ name, status }) => name === 'kafka' && status !== 'fresh')?.reason,
  )
  if (reason !== undefined) return <Notice title="The broker cannot be read">{reason}</Notice>
  return <Notice title="No broker yet">Topics appear when the Kafka collector has taken a sample.</Notice>
}

function NoTopics() {
  const refused = useLive(
    (state) => state.snapshot && unavailableParts(state.snapshot.sources, 'kafka', /topic|watermark/i),
  )
  if (refused !== undefined) return <Notice title="Topics cannot be read">{refused}</Notice>
  return <Notice title="No topics yet">A topic appears when it is made, and is not left out.</Notice>
}

function Topics({ topics }: { topics: readonly Topic[] }) {
  const [text, setText] = useState('')
  const wanted = useDeferredValue(text)
  const ordered = useMemo(() => troubleFirst(topics), [topics])
  const found = useMemo(() => narrowed(ordered, wanted), [ordered, wanted])
  const deadLetters = useMemo(() => deadLetterTopics(topics), [topics])
  return (
    <>
      {(topics.length > SEARCH_ABOVE || text !== '') && (
        <SearchField label="Find a topic" placeholder="Topic or agent" text={text} onChange={setText} />
      )}
      {wanted.trim() !== '' && (
        <p role="status" className="text-muted text-sm">
          {many(found.length)} found
        </p>
      )}
      <LongList
        of="topics"
        items={found}
        keyOf={nameOf}
        row={(topic, open, toggle) => (
          <TopicRow
            topic={topic}
            deadLetters={open ? deadLetters.get(topic.topic) : undefined}
            open={open}
            onToggle={toggle}
          />
        )}
      />
    </>
  )
}

function summaryOf(topics: readonly Topic[]): string | undefined {
  if (topics.length === 0) return undefined
  const inTrouble = topics.filter(isInTrouble).length
  return [
    many(topics.length),
    inTrouble > 0 ? `${inTrouble.toLocaleString('en')} in trouble` : [],
    sumOf(topics, 'produced_per_second', 'in'),
    sumOf(topics, 'consumed_per_second', 'out'),
  ]
    .flat()
    .join(' · ')
}

/** What all topics have together, as far as it is known. */
function sumOf(topics: readonly Topic[], field: 'produced_per_second' | 'consumed_per_second', word: string) {
  const known = topics.flatMap((topic) => topic[field] ?? [])
  return known.length === 0 ? [] : `${rate(known.reduce((sum, value) => sum + value, 0))}/s ${word}`
}

function nameOf({ topic }: Topic): string {
  return topic
}

function many(topics: number): string {
  return `${topics.toLocaleString('en')} ${topics === 1 ? 'topic' : 'topics'}`
}
