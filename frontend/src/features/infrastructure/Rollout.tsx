// How far a deployment is: the replicas that are ready of those wanted, and the rollout that goes on or stands.
import type { Deployment } from '@/api/generated/oracleState'
import { Badge } from '@/components/Badge'
import type { Tone } from '@/components/status'

type State = NonNullable<Deployment['rollout']>

const STATES: Record<State, { tone: Tone; words: string } | undefined> = {
  complete: undefined,
  progressing: { tone: 'info', words: 'rollout in progress' },
  stalled: { tone: 'bad', words: 'rollout stalled' },
  paused: { tone: 'warn', words: 'rollout paused' },
}

export function RolloutBadge({ deployment }: { deployment: Deployment }) {
  const state = deployment.rollout && STATES[deployment.rollout]
  return state && <Badge tone={state.tone}>{state.words}</Badge>
}

/** The counts in one line: `2 of 3 ready · revision 4`. */
export function Replicas({ deployment: { desired, ready, revision } }: { deployment: Deployment }) {
  return (
    <span className="tabular-nums">
      <span className={ready < desired ? 'font-medium text-warn' : ''}>
        {ready} of {desired} ready
      </span>
      {revision !== undefined && ` · revision ${revision}`}
    </span>
  )
}

/** What there is to say of a rollout that is not complete: its message, and the replica sets side by side. */
export function RolloutStory({ deployment }: { deployment: Deployment }) {
  const { rollout, rollout_message, replica_sets = [], updated, available, desired } = deployment
  if (rollout === undefined || rollout === 'complete') return null
  return (
    <div className="mb-3 flex flex-col gap-1 text-sm">
      {rollout_message !== undefined && <p className="[overflow-wrap:anywhere]">{rollout_message}</p>}
      <p className="text-muted text-xs tabular-nums">
        {updated} of {desired} updated, {available} available
      </p>
      {replica_sets.length > 1 && (
        <ul aria-label="Replica sets" className="flex flex-wrap gap-x-4 text-muted text-xs tabular-nums">
          {replica_sets.map((one) => (
            <li key={one.name}>
              Revision {one.revision}: {one.ready} of {one.desired} ready
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
