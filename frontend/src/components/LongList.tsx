// A list of lines that open: all of them on the page, and above fifteen only those that are in view.
import { useVirtualizer } from '@tanstack/react-virtual'
import { type ReactNode, useCallback, useRef, useState } from 'react'

const VIRTUAL_ABOVE = 15
const GAP = 8
/** Guesses in pixels: each line is measured once it is on the page. */
const CLOSED_HEIGHT = 62
const OPEN_HEIGHT = 320

interface LongListProps<T> {
  /** What the list holds, in the plural: “consumer groups”. */
  readonly of: string
  readonly items: readonly T[]
  readonly keyOf: (item: T) => string
  readonly row: (item: T, open: boolean, toggle: (key: string) => void) => ReactNode
}

/** All lines are closed, until somebody opens one; it stays open wherever it moves. */
export function LongList<T>({ of, items, keyOf, row }: LongListProps<T>) {
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set())
  const toggle = useCallback(
    (key: string) =>
      setOpened((before) => {
        const after = new Set(before)
        if (!after.delete(key)) after.add(key)
        return after
      }),
    [],
  )
  const isOpen = (item: T) => opened.has(keyOf(item))
  const line = (item: T) => row(item, isOpen(item), toggle)
  const name = of.charAt(0).toUpperCase() + of.slice(1)
  if (items.length > VIRTUAL_ABOVE) {
    return <Virtual of={of} name={name} items={items} keyOf={keyOf} isOpen={isOpen} line={line} />
  }
  return (
    <ul aria-label={name} className="flex flex-col gap-2">
      {items.map((item) => (
        <li key={keyOf(item)}>{line(item)}</li>
      ))}
    </ul>
  )
}

interface VirtualProps<T> extends Pick<LongListProps<T>, 'of' | 'items' | 'keyOf'> {
  readonly name: string
  readonly isOpen: (item: T) => boolean
  readonly line: (item: T) => ReactNode
}

function Virtual<T>({ of, name, items, keyOf, isOpen, line }: VirtualProps<T>) {
  const scroller = useRef<HTMLElement>(null)
  const at = (index: number) => items[index] as T
  const rows = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    getItemKey: (index) => keyOf(at(index)),
    estimateSize: (index) => (isOpen(at(index)) ? OPEN_HEIGHT : CLOSED_HEIGHT),
    gap: GAP,
    overscan: 3,
  })
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section ref={scroller} tabIndex={0} aria-label={`All ${of}`} className="virtual-scroller">
      <ul aria-label={name} className="relative" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map(({ key, index, start }) => (
          <li
            key={key}
            ref={rows.measureElement}
            data-index={index}
            aria-setsize={items.length}
            aria-posinset={index + 1}
            className="absolute inset-x-0 top-0"
            style={{ transform: `translateY(${start}px)` }}
          >
            {line(at(index))}
          </li>
        ))}
      </ul>
    </section>
  )
}
