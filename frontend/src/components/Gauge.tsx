// How much of a bound is used: a bar, and beside it the same in words.
interface GaugeProps {
  readonly name: string
  readonly value: number
  readonly bound: number
  /** A limit is a danger when it comes near; a request may be passed and is not. */
  readonly against: 'limit' | 'request'
  readonly unit: string
  readonly unitInFull?: string
}

/** Shares of a limit from which on the bar warns, and alarms. */
const WARNS_AT = 0.75
const ALARMS_AT = 0.9

export function Gauge({ name, value, bound, against, unit, unitInFull = unit }: GaugeProps) {
  const percent = Math.round((value / bound) * 100)
  const words = `${value} of ${bound} ${unitInFull}, ${percent} % of its ${against}`
  const marks = against === 'limit' ? { low: bound * WARNS_AT, high: bound * ALARMS_AT, optimum: 0 } : {}
  return (
    <div className="min-w-0" title={words}>
      <p className="flex items-baseline justify-between gap-2 text-[0.7rem] text-muted">
        <span>{name}</span>
        <span className="truncate">
          {percent} % of {against}
        </span>
      </p>
      <meter
        className="gauge"
        min={0}
        max={bound}
        value={Math.min(value, bound)}
        {...marks}
        aria-label={name}
        aria-valuetext={words}
      />
      <p className="truncate text-sm tabular-nums" aria-hidden="true">
        <span className="font-semibold">{value.toLocaleString('en')}</span>
        <span className="text-muted text-xs">
          {' '}
          / {bound.toLocaleString('en')} {unit}
        </span>
      </p>
    </div>
  )
}
