// How far each consumer group is behind, in messages and in seconds, and whether it catches up: worst first.
import { useDeferredValue, useMemo, useState } from 'react'
import type { Group } from '@/api/generated/oracleState'
import { useLive } from '@/api/live'
import { unavailableParts } from '@/api/unavailable'
import { LongList } from '@/components/LongList'
import { Notice } from '@/components/Notice'
import { Panel } from '@/components/Panel'
import { Caution, PanelBody } from '@/components/PanelBody'
import { SearchField } from '@/components/SearchField'
import { count } from '@/components/units'
import { GroupRow } from './GroupRow'
import { narrowed, sumsOf, worstGroupsFirst } from './order'

/** As many groups as are seen at a glance need no search. */
const SEARCH_ABOVE = 12
const NONE: readonly Group[] = []

export function ConsumerLagPanel() {
  const groups = useLive((state) => state.snapshot?.kafka?.groups) ?? NONE
  const summary = useMemo(() => summaryOf(groups), [groups])
  return (
    <Panel title="Consumer lag" summary={summary} caution={<Caution source="kafka" />}>
      <PanelBody of="the consumer groups" rows={3} isEmpty={groups.length === 0} empty={<None />}>
        <Groups groups={groups} />
      </PanelBody>
    </Panel>
  )
}

/** Nothing to show: the groups may not be read, or there are none. */
function None() {
  const refused = useLive(
    (state) => state.snapshot && unavailableParts(state.snapshot.sources, 'kafka', /group|commit|offset/i),
  )
  if (refused !== undefined) return <Notice title="Consumer groups cannot be read">{refused}</Notice>
  return <Notice title="No consumer groups yet">A group appears when a consumer joins it.</Notice>
}

function Groups({ groups }: { groups: readonly Group[] }) {
  const [text, setText] = useState('')
  const wanted = useDeferredValue(text)
  const ordered = useMemo(() => worstGroupsFirst(groups), [groups])
  const found = useMemo(() => narrowed(ordered, wanted), [ordered, wanted])
  return (
    <div className="flex flex-col gap-3">
      {(groups.length > SEARCH_ABOVE || text !== '') && (
        <SearchField label="Find a group" placeholder="Group or agent" text={text} onChange={setText} />
      )}
      {wanted.trim() !== '' && (
        <p role="status" className="text-muted text-sm">
          {many(found.length)} found
        </p>
      )}
      <LongList
        of="consumer groups"
        items={found}
        keyOf={nameOf}
        row={(group, open, toggle) => <GroupRow group={group} open={open} onToggle={toggle} />}
      />
    </div>
  )
}

function summaryOf(all: readonly Group[]): string | undefined {
  if (all.length === 0) return undefined
  const { groups, inTrouble, messages, unknown } = sumsOf(all)
  return [
    many(groups),
    inTrouble > 0 ? `${inTrouble.toLocaleString('en')} in trouble` : [],
    messages === undefined ? 'lag unknown' : `${count(messages)} messages behind`,
    messages !== undefined && unknown > 0 ? `lag of ${unknown.toLocaleString('en')} unknown` : [],
  ]
    .flat()
    .join(' · ')
}

function nameOf({ group }: Group): string {
  return group
}

function many(groups: number): string {
  return `${groups.toLocaleString('en')} ${groups === 1 ? 'group' : 'groups'}`
}
