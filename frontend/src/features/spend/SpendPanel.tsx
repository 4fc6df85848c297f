// What the LLM calls of today cost, which agents they are for, and how much of each model's limits is left.
import { useMemo } from 'react'
import type { LlmUsage, ModelLimits } from '@/api/generated/oracleState'
import { useLive } from '@/api/live'
import { LongList } from '@/components/LongList'
import { Metric } from '@/components/Metric'
import { Notice } from '@/components/Notice'
import { Panel } from '@/components/Panel'
import { Caution, PanelBody } from '@/components/PanelBody'
import { count, usd } from '@/components/units'
import { keyOf, worstFirst } from './limits'
import { ModelRow } from './ModelRow'
import { Spenders } from './Spenders'

const NONE: readonly ModelLimits[] = []

export function SpendPanel() {
  const usage = useLive((state) => state.snapshot?.llm_usage)
  const models = useLive((state) => state.snapshot?.litellm) ?? NONE
  return (
    <Panel title="LLM spend today" summary={usage && `${usage.day}, UTC`} caution={<Caution source="llm" />}>
      <PanelBody
        of="the LLM spend"
        rows={3}
        isEmpty={usage === undefined && models.length === 0}
        empty={<Notice title="No LLM calls yet">Point an agent’s base URL at the proxy, port 8090.</Notice>}
      >
        <div className="flex flex-col gap-4">
          {usage === undefined ? (
            <p className="text-muted text-sm">No calls yet. Models that are known:</p>
          ) : (
            <Spend usage={usage} />
          )}
          {models.length > 0 && <Models models={models} />}
        </div>
      </PanelBody>
    </Panel>
  )
}

function Spend({ usage }: { usage: LlmUsage }) {
  const { unpriced_calls, estimated_calls = 0 } = usage
  return (
    <>
      <p className="font-semibold text-4xl tabular-nums tracking-tight">
        {usd(usage.cost_usd)}
        <span className="ml-2 font-normal text-base text-muted">{usd(usage.cost_usd_total)} in total</span>
      </p>
      <dl className="grid grid-cols-4 gap-3">
        <Metric name="Calls" value={count(usage.calls)} />
        <Metric name="Tokens in" value={count(usage.prompt_tokens)} />
        <Metric name="Tokens out" value={count(usage.completion_tokens)} />
        <Metric name="In flight" value={count(usage.in_flight.length)} unit="calls" />
      </dl>
      <Spenders usage={usage} />
      {unpriced_calls > 0 && (
        <p className="text-sm text-warn">
          {count(unpriced_calls)} {unpriced_calls === 1 ? 'call has' : 'calls have'} no known price and
          {unpriced_calls === 1 ? ' is' : ' are'} not in the sum.
        </p>
      )}
      {estimated_calls > 0 && (
        <p className="text-muted text-sm">
          {count(estimated_calls)} {estimated_calls === 1 ? 'call' : 'calls'} told no tokens: theirs are
          estimated.
        </p>
      )}
    </>
  )
}

function Models({ models }: { models: readonly ModelLimits[] }) {
  const order = useMemo(() => worstFirst(models), [models])
  return <LongList of="models" items={order} keyOf={keyOf} row={(model) => <ModelRow model={model} />} />
}
