// Who is in a consumer group: its members, where they run, for which agent, and what they were given.
import type { Member } from '@/api/generated/oracleState'
import { readable } from '@/components/names'
import { Pager, usePages } from '@/components/Pager'

const MEMBERS_A_PAGE = 6

interface MemberListProps {
  readonly of: string
  readonly members: readonly Member[]
}

export function MemberList({ of, members }: MemberListProps) {
  const pages = usePages(members, MEMBERS_A_PAGE)
  return (
    <div className="flex flex-col gap-2">
      <ul aria-label={`Members of ${readable(of)}`} className="rows text-sm">
        {pages.shown.map(({ member_id, client_id, host, topics = [], agent_id }, place) => (
          <li
            key={member_id}
            aria-setsize={pages.total}
            aria-posinset={pages.first + place + 1}
            className="flex flex-wrap items-baseline gap-x-3"
          >
            <span title={readable(member_id)} className="min-w-0 font-medium [overflow-wrap:anywhere]">
              {readable(client_id || member_id)}
            </span>
            <span className="min-w-0 text-muted text-xs [overflow-wrap:anywhere]">
              {host !== '' && `on ${readable(host.replace(/^\//, ''))} · `}
              {agent_id !== undefined && `agent ${readable(agent_id)} · `}
              {topics.length === 0 ? 'no partitions given' : `reads ${topics.map(readable).join(', ')}`}
            </span>
          </li>
        ))}
      </ul>
      <Pager of={`members of ${readable(of)}`} pages={pages} />
    </div>
  )
}
