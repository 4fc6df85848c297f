// One consumer group: a line that says how far it is behind, and below it, when open, why, and where.
import { memo } from 'react'
import type { Group } from '@/api/generated/oracleState'
import { Badge } from '@/components/Badge'
import { Elapsed } from '@/components/Elapsed'
import { Foldable } from '@/components/Foldable'
import { Metric } from '@/components/Metric'
import { readable } from '@/components/names'
import { rate } from '@/components/rate'
import { count, UNKNOWN } from '@/components/units'
import { Behind, CatchUp, Messages } from './Lag'
import { MemberList } from './MemberList'
import { PartitionTable } from './PartitionTable'
import { toneOf, VERDICT_MEANS } from './verdicts'

interface GroupRowProps {
  readonly group: Group
  readonly open: boolean
  readonly onToggle: (name: string) => void
}

/** Its group is a part of the snapshot itself, so a line renders only when its own group changed. */
export const GroupRow = memo(function GroupRow({ group, open, onToggle }: GroupRowProps) {
  return (
    <Foldable
      name={group.group}
      tone={toneOf(group)}
      line={<Line group={group} />}
      badges={<Verdict group={group} />}
      figures={
        group.unavailable === undefined || group.lag_messages !== undefined ? (
          <>
            <Messages of={group} />
            <span className="block text-muted text-xs">
              <Behind of={group} />
              <CatchUp of={group} before=" · " />
            </span>
          </>
        ) : (
          <span className="text-muted">lag unknown</span>
        )
      }
      open={open}
      onToggle={onToggle}
    >
      <Inside group={group} />
    </Foldable>
  )
})

function Line({ group: { state, members, agent_ids = [], committed_at, unavailable } }: { group: Group }) {
  return (
    <>
      {state} · {count(members.length)} {members.length === 1 ? 'member' : 'members'}
      {agent_ids.length > 0 &&
        ` · ${agent_ids.length === 1 ? 'agent' : 'agents'} ${agent_ids.map(readable).join(', ')}`}
      {committed_at !== undefined ? (
        <>
          {' · committed '}
          <Elapsed since={committed_at} /> ago
        </>
      ) : (
        unavailable === undefined && ' · last commit unknown'
      )}
    </>
  )
}

function Verdict({ group: { verdict, unavailable, partitions } }: { group: Group }) {
  const lost = partitions.reduce((sum, { lost_messages = 0 }) => sum + lost_messages, 0)
  return (
    <>
      {lost > 0 && (
        <span title="The broker removed them before the group read them.">
          <Badge tone="bad">{count(lost)} messages lost</Badge>
        </span>
      )}
      {unavailable !== undefined && (
        <span title={unavailable}>
          <Badge tone="warn">cannot be read</Badge>
        </span>
      )}
      {verdict !== undefined && (
        <span title={VERDICT_MEANS[verdict]}>
          <Badge tone={toneOf({ verdict })}>{verdict}</Badge>
        </span>
      )}
    </>
  )
}

function Inside({ group }: { group: Group }) {
  const { verdict, unavailable, members, partitions, partitions_left_out = 0 } = group
  return (
    <>
      {unavailable !== undefined && (
        <p className="text-sm text-warn [overflow-wrap:anywhere]">It cannot be read: {unavailable}</p>
      )}
      {verdict !== undefined && <p className="text-sm">{VERDICT_MEANS[verdict]}</p>}
      <dl className="grid grid-cols-2 gap-3 sm:grid-cols-4">
        <Metric name="Lag" value={group.lag_messages?.toLocaleString('en') ?? UNKNOWN} unit="messages" wide />
        <Metric
          name="Reads"
          value={rate(group.consumed_per_second)}
          unit="/s"
          unitInFull="messages per second"
        />
        <Metric
          name="Comes in"
          value={rate(group.produced_per_second)}
          unit="/s"
          unitInFull="messages per second"
        />
      </dl>
      {partitions.length > 0 && (
        <PartitionTable of={group.group} partitions={partitions} leftOut={partitions_left_out} />
      )}
      {partitions.length === 0 && unavailable === undefined && (
        <p className="text-muted text-sm">It has no partition with a commit.</p>
      )}
      {members.length > 0 ? (
        <MemberList of={group.group} members={members} />
      ) : (
        unavailable === undefined && <p className="text-muted text-sm">Nobody is in this group now.</p>
      )}
    </>
  )
}
