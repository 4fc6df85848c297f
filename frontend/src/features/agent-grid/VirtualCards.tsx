// Many agents: a scrolling list that keeps only the rows in view on the page.
import { useVirtualizer } from '@tanstack/react-virtual'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import type { Agent } from '@/api/generated/oracleState'
import { labelOf } from './agentLabel'

const CARD_WIDTH = 300
/** A guess: each row is measured once it is on the page. */
const CARD_HEIGHT = 360
const GAP = 16

interface VirtualCardsProps {
  readonly agents: readonly Agent[]
  readonly card: (agent: Agent) => ReactNode
}

export function VirtualCards({ agents, card }: VirtualCardsProps) {
  const scroller = useRef<HTMLElement>(null)
  const columns = useColumns(scroller)
  const rows = useVirtualizer({
    count: Math.ceil(agents.length / columns),
    getScrollElement: () => scroller.current,
    estimateSize: () => CARD_HEIGHT,
    gap: GAP,
    overscan: 2,
  })
  const gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section ref={scroller} tabIndex={0} aria-label="All agents" className="virtual-scroller">
      <ul aria-label="Agents" className="relative" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map((row) => (
          <div
            key={row.key}
            ref={rows.measureElement}
            data-index={row.index}
            role="presentation"
            className="absolute inset-x-0 top-0 grid gap-4"
            style={{ transform: `translateY(${row.start}px)`, gridTemplateColumns }}
          >
            {agents.slice(row.index * columns, (row.index + 1) * columns).map((agent, column) => (
              <li
                key={agent.agent_id}
                // biome-ignore lint/a11y/noNoninteractiveTabindex: a card is read whole, one Tab each
                tabIndex={0}
                aria-label={labelOf(agent)}
                aria-setsize={agents.length}
                aria-posinset={row.index * columns + column + 1}
                className="card-place min-w-0"
              >
                {card(agent)}
              </li>
            ))}
          </div>
        ))}
      </ul>
    </section>
  )
}

/** How many cards stand side by side in the width that there is. */
function useColumns(element: React.RefObject<HTMLElement | null>): number {
  const [columns, setColumns] = useState(1)
  useEffect(() => {
    if (element.current === null) return
    const watcher = new ResizeObserver(([entry]) => {
      const width = entry?.contentRect.width ?? 0
      setColumns(Math.max(1, Math.floor((width + GAP) / (CARD_WIDTH + GAP))))
    })
    watcher.observe(element.current)
    return () => watcher.disconnect()
  }, [element])
  return columns
}
