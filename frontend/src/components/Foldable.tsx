// One line of a list that opens: what it is and how it fares, and below it, when open, the rest.
import { type ReactNode, useId } from 'react'
import { readable } from './names'
import type { Tone } from './status'

interface FoldableProps {
  readonly name: string
  readonly tone: Tone
  /** Below the name, small. */
  readonly line: ReactNode
  readonly badges?: ReactNode
  /** The numbers at the end of the line. */
  readonly figures: ReactNode
  readonly open: boolean
  readonly onToggle: (name: string) => void
  /** Given only while it is open. */
  readonly children: ReactNode
}

export function Foldable({ name, tone, line, badges, figures, open, onToggle, children }: FoldableProps) {
  const inside = useId()
  return (
    <article className={`workload tone-${tone}`}>
      <div className="relative flex flex-wrap items-center gap-x-4 gap-y-1.5 px-4 py-2.5">
        <div className="min-w-0 grow basis-56">
          <h3 className="font-semibold text-sm">
            {/* The button's reach is the whole line. */}
            <button
              type="button"
              aria-expanded={open}
              aria-controls={inside}
              onClick={() => onToggle(name)}
              className="cursor-pointer rounded text-left after:absolute after:inset-0 [overflow-wrap:anywhere]"
            >
              <span aria-hidden="true" className={`chevron ${open ? 'rotate-90' : ''}`}>
                ▸
              </span>
              {readable(name)}
            </button>
          </h3>
          <p className="text-muted text-xs [overflow-wrap:anywhere]">{line}</p>
        </div>
        {/* Above the reach of the button, so that the titles show. */}
        <div className="relative flex flex-wrap justify-end gap-1.5 empty:hidden">{badges}</div>
        <p className="ml-auto text-right text-sm tabular-nums">{figures}</p>
      </div>
      <div id={inside} hidden={!open} className="flex flex-col gap-3 px-4 pt-1 pb-3">
        {open && children}
      </div>
    </article>
  )
}
