// What a panel says instead of its content: that it is empty, or why it has none.
import type { ReactNode } from 'react'

interface NoticeProps {
  readonly title: string
  readonly children?: ReactNode
}

export function Notice({ title, children }: NoticeProps) {
  return (
    <div className="flex flex-col items-center gap-2 rounded-2xl border border-line border-dashed px-4 py-8 text-center">
      <p className="font-medium">{title}</p>
      {children !== undefined && <div className="max-w-prose text-muted text-sm">{children}</div>}
    </div>
  )
}
