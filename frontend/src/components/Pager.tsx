// A long list a page at a time, so that the page of the browser stays small however long the list is.
import { useState } from 'react'

interface Pages<T> {
  readonly shown: readonly T[]
  readonly first: number
  readonly total: number
  readonly size: number
  readonly turnTo: (first: number) => void
}

/** Cut a list into pages; a list that becomes shorter is shown from its last page. */
export function usePages<T>(items: readonly T[], size: number): Pages<T> {
  const [wanted, turnTo] = useState(0)
  const last = Math.max(0, Math.ceil(items.length / size) - 1) * size
  const first = Math.min(wanted, last)
  return { shown: items.slice(first, first + size), first, total: items.length, size, turnTo }
}

interface PagerProps<T> {
  /** What the list holds, in the plural. */
  readonly of: string
  readonly pages: Pages<T>
}

/** The way to the other pages; nothing where there are none. */
export function Pager<T>({ of, pages: { first, total, size, turnTo } }: PagerProps<T>) {
  if (total <= size) return null
  const end = Math.min(first + size, total)
  return (
    <nav aria-label={`Pages of ${of}`} className="flex items-center justify-end gap-2 text-sm">
      <p className="mr-auto text-muted text-xs tabular-nums">
        {(first + 1).toLocaleString('en')}–{end.toLocaleString('en')} of {total.toLocaleString('en')} {of}
      </p>
      <Turn word="Previous" to={first - size} possible={first > 0} turnTo={turnTo} />
      <Turn word="Next" to={first + size} possible={end < total} turnTo={turnTo} />
    </nav>
  )
}

interface TurnProps {
  readonly word: string
  readonly to: number
  readonly possible: boolean
  readonly turnTo: (first: number) => void
}

/** Stays in reach of the keyboard at either end: a button that goes away would take the focus with it. */
function Turn({ word, to, possible, turnTo }: TurnProps) {
  return (
    <button
      type="button"
      aria-disabled={!possible}
      onClick={() => possible && turnTo(to)}
      className="quiet-button"
    >
      {word}
    </button>
  )
}
