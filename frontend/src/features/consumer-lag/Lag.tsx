// The lag of a group or of one of its partitions in words; what is unknown is said so, never shown as 0.
import type { Group } from '@/api/generated/oracleState'
import { count, duration } from '@/components/units'

type Lag = Pick<
  Group,
  'lag_messages' | 'lag_seconds' | 'seconds_to_catch_up' | 'never_catches_up' | 'verdict'
>

export function Messages({ of: { lag_messages } }: { of: Lag }) {
  if (lag_messages === undefined) return <span className="text-muted">lag unknown</span>
  return (
    <span title={`${lag_messages.toLocaleString('en')} messages`}>
      {count(lag_messages)}{' '}
      <span className="text-muted text-xs">{lag_messages === 1 ? 'message' : 'messages'}</span>
    </span>
  )
}

export function Behind({ of: { lag_messages, lag_seconds } }: { of: Lag }) {
  if (lag_seconds !== undefined) return `${duration(lag_seconds)} behind`
  return lag_messages ? 'seconds unknown' : null
}

interface CatchUpProps {
  readonly of: Lag
  /** What stands before the words, where there are any. */
  readonly before?: string
}

export function CatchUp({ of, before = '' }: CatchUpProps) {
  const { lag_messages, seconds_to_catch_up, never_catches_up, verdict } = of
  if (lag_messages === 0) return null
  if (never_catches_up === true) {
    // What is judged well is not said to be lost, whatever the rates of a moment are.
    if (verdict === 'ok') return null
    return (
      <>
        {before}
        <span className="text-bad">never catches up at this rate</span>
      </>
    )
  }
  return seconds_to_catch_up === undefined ? null : `${before}catches up in ${duration(seconds_to_catch_up)}`
}
