// What a panel says instead of its content: that it is empty, or why it has none.
import type { ReactNode } from 'react'

interface NoticeProps {
  readonly title: string
  readonly children?: ReactNode
  readonly action?: { readonly label: string; readonly run: () => void }
  readonly isError?: boolean
}

export function Notice({ title, children, action, isError = false }: NoticeProps) {
  return (
    <div
      role={isError ? 'alert' : undefined}
      className="flex flex-col items-center gap-2 rounded-2xl border border-line border-dashed px-4 py-8 text-center"
    >
      <p className="font-medium">{title}</p>
      {children !== undefined && <div className="max-w-prose text-muted text-sm">{children}</div>}
      {action !== undefined && (
        <button type="button" onClick={action.run} className="button mt-2">
          {action.label}
        </button>
      )}
    </div>
  )
}
