// A field that narrows the list below it.
import { useId } from 'react'

interface SearchFieldProps {
  readonly label: string
  readonly placeholder: string
  readonly text: string
  readonly onChange: (text: string) => void
}

export function SearchField({ label, placeholder, text, onChange }: SearchFieldProps) {
  const field = useId()
  return (
    <div className="flex flex-wrap items-center gap-3 text-sm">
      <label htmlFor={field} className="text-muted">
        {label}
      </label>
      <input
        id={field}
        type="search"
        autoComplete="off"
        spellCheck={false}
        placeholder={placeholder}
        value={text}
        onChange={(event) => onChange(event.target.value)}
        className="field w-full max-w-72 py-1.5"
      />
    </div>
  )
}
