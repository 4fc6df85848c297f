// One number with its name and unit.
import { UNKNOWN } from './units'

interface MetricProps {
  readonly name: string
  readonly value: string
  /** As it is shown, and in full where that is short for something. */
  readonly unit?: string
  readonly unitInFull?: string
  readonly alarming?: boolean
  /** Takes the room of two, for a value that may be long. */
  readonly wide?: boolean
}

export function Metric({ name, value, unit, unitInFull, alarming = false, wide = false }: MetricProps) {
  return (
    <div className={`min-w-0 ${wide ? 'col-span-2' : ''}`}>
      <dt className="truncate text-[0.7rem] text-muted">{name}</dt>
      <dd className={`truncate font-semibold text-sm tabular-nums ${alarming ? 'text-bad' : ''}`}>
        {value === UNKNOWN ? <Unknown /> : value}
        {unit !== undefined && value !== UNKNOWN && <Unit short={unit} full={unitInFull} />}
      </dd>
    </div>
  )
}

function Unit({ short, full }: { short: string; full: string | undefined }) {
  const look = 'ml-1 font-normal text-muted text-xs'
  if (full === undefined) return <span className={look}>{short}</span>
  return (
    <>
      <span title={full} aria-hidden="true" className={look}>
        {short}
      </span>
      <span className="sr-only"> {full}</span>
    </>
  )
}

function Unknown() {
  return (
    <>
      <span aria-hidden="true">{UNKNOWN}</span>
      <span className="sr-only">unknown</span>
    </>
  )
}
