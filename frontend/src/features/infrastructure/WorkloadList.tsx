// All workloads below one another, and above fifteen only those that are in view.
import { useVirtualizer } from '@tanstack/react-virtual'
import { useCallback, useRef, useState } from 'react'
import { type Group, isInTrouble } from './groups'
import { WorkloadSection } from './WorkloadSection'

const VIRTUAL_ABOVE = 15
const GAP = 8
/** Guesses in pixels: each workload is measured once it is on the page. */
const CLOSED_HEIGHT = 58
const OPEN_HEIGHT = 420

interface WorkloadListProps {
  readonly groups: readonly Group[]
  /** Whether what is without trouble is shown at once too, unless somebody closed it. */
  readonly whole: boolean
}

interface Openness extends WorkloadListProps {
  readonly isOpen: (group: Group) => boolean
  readonly toggle: (key: string, open: boolean) => void
}

/** What is in trouble is open and the rest is closed, until somebody decides otherwise. */
export function WorkloadList({ groups, whole }: WorkloadListProps) {
  const [decided, setDecided] = useState<ReadonlyMap<string, boolean>>(new Map())
  const toggle = useCallback(
    (key: string, open: boolean) => setDecided((before) => new Map(before).set(key, open)),
    [],
  )
  const isOpen = (group: Group) => decided.get(group.key) ?? (whole || isInTrouble(group))
  if (groups.length > VIRTUAL_ABOVE)
    return <Virtual groups={groups} whole={whole} isOpen={isOpen} toggle={toggle} />
  return (
    <ul aria-label="Workloads" className="flex flex-col gap-2">
      {groups.map((group) => (
        <li key={group.key}>
          <WorkloadSection group={group} open={isOpen(group)} whole={whole} onToggle={toggle} />
        </li>
      ))}
    </ul>
  )
}

function Virtual({ groups, whole, isOpen, toggle }: Openness) {
  const scroller = useRef<HTMLElement>(null)
  const at = (index: number) => groups[index] as Group
  const rows = useVirtualizer({
    count: groups.length,
    getScrollElement: () => scroller.current,
    getItemKey: (index) => at(index).key,
    estimateSize: (index) => (isOpen(at(index)) ? OPEN_HEIGHT : CLOSED_HEIGHT),
    gap: GAP,
    overscan: 3,
  })
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section ref={scroller} tabIndex={0} aria-label="All workloads" className="virtual-scroller">
      <ul aria-label="Workloads" className="relative" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map((row) => (
          <li
            key={row.key}
            ref={rows.measureElement}
            data-index={row.index}
            aria-setsize={groups.length}
            aria-posinset={row.index + 1}
            className="absolute inset-x-0 top-0"
            style={{ transform: `translateY(${row.start}px)` }}
          >
            <WorkloadSection
              group={at(row.index)}
              open={isOpen(at(row.index))}
              whole={whole}
              onToggle={toggle}
            />
          </li>
        ))}
      </ul>
    </section>
  )
}
