// How far each consumer group is behind, in messages and in seconds.
import type { Group } from '@/api/generated/oracleState'
import { useLive } from '@/api/live'
import { Badge } from '@/components/Badge'
import { Notice } from '@/components/Notice'
import { Panel } from '@/components/Panel'
import { Caution, PanelBody } from '@/components/PanelBody'
import type { Tone } from '@/components/status'
import { count, duration } from '@/components/units'

const TONES: Record<NonNullable<Group['verdict']>, Tone> = {
  ok: 'good',
  lagging: 'warn',
  rewinding: 'warn',
  stalled: 'bad',
  stopped: 'bad',
}
const NONE: readonly Group[] = []

export function ConsumerLagPanel() {
  const groups = useLive((state) => state.snapshot?.kafka?.groups) ?? NONE
  const total = groups.reduce((sum, { lag_messages }) => sum + lag_messages, 0)
  return (
    <Panel
      title="Consumer lag"
      summary={groups.length > 0 ? `${count(total)} messages behind` : undefined}
      caution={<Caution source="kafka" />}
    >
      <PanelBody
        of="the consumer groups"
        rows={3}
        isEmpty={groups.length === 0}
        empty={<Notice title="No consumer groups yet">A group appears when a consumer joins it.</Notice>}
      >
        <ul aria-label="Consumer groups" className="rows">
          {groups.map((group) => (
            <GroupRow key={group.group} group={group} />
          ))}
        </ul>
      </PanelBody>
    </Panel>
  )
}

function GroupRow({ group }: { group: Group }) {
  const members = group.members.length
  return (
    <li className="grid grid-cols-[1fr_auto_5.5rem] items-center gap-3">
      <div className="min-w-0">
        <p className="truncate font-medium text-sm" title={group.group}>
          {group.group}
        </p>
        <p className="text-muted text-xs">
          {group.state} · {members} {members === 1 ? 'member' : 'members'}
          {group.seconds_to_catch_up !== undefined &&
            ` · catches up in ${duration(group.seconds_to_catch_up)}`}
        </p>
      </div>
      <p className="shrink-0 text-right text-sm tabular-nums">
        {count(group.lag_messages)} <span className="text-muted text-xs">messages</span>
        {group.lag_seconds !== undefined && (
          <span className="block text-muted text-xs">{duration(group.lag_seconds)} behind</span>
        )}
      </p>
      <div className="flex justify-end">
        {group.verdict !== undefined && <Badge tone={TONES[group.verdict]}>{group.verdict}</Badge>}
      </div>
    </li>
  )
}
