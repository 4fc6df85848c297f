// One model under one key: whether it can be had, how full its limits are, and until when.
import { useServerNow } from '@/api/clock'
import type { ModelLimits } from '@/api/generated/oracleState'
import { Badge } from '@/components/Badge'
import { Elapsed } from '@/components/Elapsed'
import { readable } from '@/components/names'
import { duration } from '@/components/units'
import { DEFAULT_LABEL, forecastOf, leftOf, nameOf, percent, stateOf, useOf } from './limits'

const WARNS_AT = 75
const ALARMS_AT = 90

export function ModelRow({ model }: { model: ModelLimits }) {
  const { tone, words } = stateOf(model)
  const { key_label = DEFAULT_LABEL, percent_used, reason, resets_at, told_at } = model
  const left = leftOf(model)
  const forecast = forecastOf(model)
  return (
    <article aria-label={nameOf(model)} className="rounded-2xl border border-line px-3 py-2 text-sm">
      <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <h3 className="min-w-0 font-medium [overflow-wrap:anywhere]">{nameOf(model)}</h3>
        {key_label !== DEFAULT_LABEL && <span className="chip">key {readable(key_label)}</span>}
        {model.loaded === true && <span className="chip">loaded</span>}
        <span className="ml-auto">
          <Badge tone={tone}>{words}</Badge>
        </span>
      </div>
      <div className="mt-1 grid grid-cols-[1fr_auto] items-center gap-3">
        <Meter value={percent_used} of={nameOf(model)} />
        <span className="text-right tabular-nums">
          {percent_used === undefined ? (
            <span className="text-muted">limit unknown</span>
          ) : (
            percent(percent_used)
          )}
        </span>
      </div>
      <p className="text-muted text-xs tabular-nums">{useOf(model)}</p>
      {(left !== undefined || resets_at !== undefined || forecast !== undefined) && (
        <p className="flex flex-wrap gap-x-2 text-muted text-xs tabular-nums">
          {forecast !== undefined && <span className="text-warn">{forecast}</span>}
          {left !== undefined && (
            <span>
              {left}
              {told_at !== undefined && (
                <>
                  , told <Elapsed since={told_at} /> ago
                </>
              )}
            </span>
          )}
          {resets_at !== undefined && <Reset at={resets_at} />}
        </p>
      )}
      {reason !== undefined && (
        <p className="text-muted text-xs [overflow-wrap:anywhere]">{readable(reason)}</p>
      )}
    </article>
  )
}

function Meter({ value, of }: { value: number | undefined; of: string }) {
  if (value === undefined) return <span className="h-1.5 rounded-full bg-line" aria-hidden="true" />
  return (
    <meter
      className="gauge"
      min={0}
      max={100}
      low={WARNS_AT}
      high={ALARMS_AT}
      optimum={0}
      value={Math.min(value, 100)}
      aria-label={`Limit of ${of}`}
      aria-valuetext={`${percent(value)} used`}
    />
  )
}

function Reset({ at }: { at: string }) {
  const seconds = Math.ceil((Date.parse(at) - useServerNow()) / 1000)
  return (
    <time dateTime={at} title={at}>
      {seconds > 0 ? `resets in ${duration(seconds)}` : 'resets now'}
    </time>
  )
}
