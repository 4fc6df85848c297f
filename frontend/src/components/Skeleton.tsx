// The outline of what is still loading.
interface SkeletonProps {
  readonly label: string
  readonly rows: number
  readonly tall?: boolean
}

export function Skeleton({ label, rows, tall = false }: SkeletonProps) {
  const outline = Array.from({ length: rows }, (_, row) => `row ${row}`)
  return (
    <div className={tall ? 'card-grid' : 'flex flex-col gap-3'} aria-busy="true">
      <p className="sr-only">{label}</p>
      {outline.map((row) => (
        <div
          key={row}
          className={`rounded-2xl bg-muted/10 motion-safe:animate-pulse ${tall ? 'h-72' : 'h-9'}`}
        />
      ))}
    </div>
  )
}
