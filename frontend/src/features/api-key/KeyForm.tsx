// Asks for the API key when the API does; the key stays in this tab and goes out in a header only.
import { type FormEvent, useId, useState } from 'react'
import { useLive, useLiveSource } from '@/api/live'

export function KeyForm() {
  const source = useLiveSource()
  const error = useLive((state) => state.error)
  const [key, setKey] = useState('')
  const field = useId()
  const why = useId()

  function submit(event: FormEvent) {
    event.preventDefault()
    if (key.trim() !== '') source.authorise?.(key.trim())
  }

  return (
    <section aria-labelledby={`${field}-title`} className="glass mx-auto w-full max-w-md rounded-3xl p-6">
      <h2 id={`${field}-title`} className="font-semibold text-lg tracking-tight">
        This system asks for a key
      </h2>
      <p id={why} role="alert" className="mt-1 text-muted text-sm">
        {error ?? 'An API key is needed.'}
      </p>
      {source.authorise === undefined ? (
        <p className="mt-4 text-sm">
          The key of this dashboard is set when it is built: VITE_SUPABASE_ANON_KEY.
        </p>
      ) : (
        <form onSubmit={submit} className="mt-4 flex flex-col gap-3">
          <label htmlFor={field} className="font-medium text-sm">
            API key
          </label>
          <input
            id={field}
            type="password"
            autoComplete="off"
            spellCheck={false}
            required
            aria-describedby={why}
            value={key}
            onChange={(event) => setKey(event.target.value)}
            className="field"
          />
          <button type="submit" className="button self-start">
            Use this key
          </button>
          <p className="text-muted text-xs">
            One of those in ORACLE_API_KEYS. It is kept until this tab is closed.
          </p>
        </form>
      )}
    </section>
  )
}
