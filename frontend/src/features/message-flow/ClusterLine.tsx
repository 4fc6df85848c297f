// Of which cluster the numbers are, of when, and by which way they are known.
import type { ReactNode } from 'react'
import type { Kafka } from '@/api/generated/oracleState'
import { Badge } from '@/components/Badge'
import { Elapsed } from '@/components/Elapsed'
import { Explained } from '@/components/Explained'
import { count, duration } from '@/components/units'

const COMMITS_FROM: Record<NonNullable<Kafka['commits_from']>, string> = {
  internal_topic: 'commits from the internal topic',
  admin_api: 'commits from the admin API',
}

export function ClusterLine({ kafka }: { kafka: Kafka }) {
  const { brokers, brokers_missing = [], sampled_at, sample_seconds, commits_from } = kafka
  return (
    <div className="flex flex-wrap items-baseline gap-x-4 gap-y-1 text-muted text-xs tabular-nums">
      <p>
        {count(brokers)} {brokers === 1 ? 'broker' : 'brokers'}
      </p>
      {brokers_missing.length > 0 && <Badge tone="bad">{missing(brokers_missing)}</Badge>}
      <p>
        sampled <Elapsed since={sampled_at} /> ago
        {sample_seconds !== undefined && ` in ${duration(sample_seconds)}`}
      </p>
      <Interval kafka={kafka} />
      {commits_from !== undefined && (
        <Reasoned reason={kafka.commits_from_reason} word={COMMITS_FROM[commits_from]} />
      )}
    </div>
  )
}

function Interval({ kafka: { interval_seconds, interval_reason } }: { kafka: Kafka }) {
  if (interval_seconds === undefined) return null
  const word = `every ${duration(interval_seconds)}`
  return (
    <Reasoned reason={interval_reason} word={interval_reason === undefined ? word : `${word}, widened`} />
  )
}

/** The reason stands in the title for the pointer, and behind a button for everybody else. */
function Reasoned({ word, reason }: { word: string; reason: string | undefined }): ReactNode {
  if (reason === undefined) return <p>{word}</p>
  return (
    <div title={reason} className="min-w-0 [&>button]:text-muted [&>button]:text-xs">
      <Explained word={word} label={word} reason={reason} />
    </div>
  )
}

function missing(brokers: readonly number[]): string {
  if (brokers.length === 1) return `broker ${brokers[0]} does not answer`
  return `brokers ${brokers.join(', ')} do not answer`
}
