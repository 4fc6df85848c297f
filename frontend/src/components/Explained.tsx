// A short word with a longer reason behind it: read out with the word, and shown when the word is pressed.
import { useId, useState } from 'react'

interface ExplainedProps {
  readonly word: string
  /** The word with what it is said of, for those who do not see where it stands. */
  readonly label: string
  readonly reason: string
}

export function Explained({ word, label, reason }: ExplainedProps) {
  const [open, setOpen] = useState(false)
  const why = useId()
  return (
    <>
      <button
        type="button"
        aria-expanded={open}
        aria-label={label}
        aria-describedby={why}
        onClick={() => setOpen(!open)}
        className="cursor-pointer rounded text-left text-sm text-warn underline decoration-dotted underline-offset-4"
      >
        {word}
      </button>
      <span id={why} hidden={!open} className="block text-muted text-xs [overflow-wrap:anywhere]">
        {reason}
      </span>
    </>
  )
}
