// What a pod went through since the snapshot before: created → running → OOMKilled → running.
import type { Transition } from '@/api/generated/oracleState'

export function Transitions({ of }: { of: readonly Transition[] }) {
  return (
    <ol aria-label="Since the snapshot before" className="chain">
      {of.map(({ status, at }) => (
        <li key={`${status} ${at}`}>
          <span className="font-medium">{status}</span>{' '}
          <time dateTime={at} title={at} className="text-muted tabular-nums">
            {at.slice(11, 19)}
          </time>
        </li>
      ))}
    </ol>
  )
}
