// A pane of glass with a heading; every panel of the dashboard stands in one.
import { type ReactNode, useId } from 'react'

interface PanelProps {
  readonly title: string
  /** One line beside the title: what is in the panel, in numbers. */
  readonly summary?: ReactNode
  /** How far the panel is to be trusted, when that is not fully. */
  readonly caution?: ReactNode
  readonly children: ReactNode
}

export function Panel({ title, summary, caution, children }: PanelProps) {
  const heading = useId()
  return (
    <section aria-labelledby={heading} className="glass flex min-w-0 flex-col rounded-3xl p-4 sm:p-5">
      <div className="mb-4 flex flex-wrap items-center gap-x-3 gap-y-1.5">
        <h2 id={heading} className="font-semibold text-[0.95rem] tracking-tight">
          {title}
        </h2>
        {summary !== undefined && <p className="text-muted text-sm tabular-nums">{summary}</p>}
        {caution !== undefined && <div className="ml-auto">{caution}</div>}
      </div>
      {children}
    </section>
  )
}
