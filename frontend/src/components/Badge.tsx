// A state in words, with a sign and a colour that say the same.
import type { ReactNode } from 'react'
import { TONE_SIGN, type Tone } from './status'

const COLOURS: Record<Tone, string> = {
  good: 'text-good bg-good/12 ring-good/30',
  warn: 'text-warn bg-warn/12 ring-warn/35',
  bad: 'text-bad bg-bad/12 ring-bad/35',
  calm: 'text-muted bg-muted/10 ring-muted/25',
  info: 'text-info bg-info/12 ring-info/30',
}

export function Badge({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span
      className={`inline-flex shrink-0 items-center gap-1.5 whitespace-nowrap rounded-full px-2.5 py-0.5 font-medium text-xs ring-1 ring-inset ${COLOURS[tone]}`}
    >
      <span aria-hidden="true" className="text-[0.6rem] leading-none">
        {TONE_SIGN[tone]}
      </span>
      {children}
    </span>
  )
}
