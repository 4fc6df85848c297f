// What the LLM calls of today cost, and which agents they are for.
import type { Agent, LlmUsage } from '@/api/generated/oracleState'
import { useLive } from '@/api/live'
import { Metric } from '@/components/Metric'
import { Notice } from '@/components/Notice'
import { Panel } from '@/components/Panel'
import { Caution, PanelBody } from '@/components/PanelBody'
import { count, usd } from '@/components/units'

const MOST = 4
const NONE: readonly Agent[] = []

export function SpendPanel() {
  const usage = useLive((state) => state.snapshot?.llm_usage)
  return (
    <Panel title="LLM spend today" summary={usage && `${usage.day}, UTC`} caution={<Caution source="llm" />}>
      <PanelBody
        of="the LLM spend"
        rows={3}
        isEmpty={usage === undefined}
        empty={<Notice title="No LLM calls yet">Point an agent’s base URL at the proxy, port 8090.</Notice>}
      >
        {usage && <Spend usage={usage} />}
      </PanelBody>
    </Panel>
  )
}

function Spend({ usage }: { usage: LlmUsage }) {
  return (
    <div className="flex flex-col gap-4">
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
      {usage.unpriced_calls > 0 && (
        <p className="text-sm text-warn">
          {count(usage.unpriced_calls)} {usage.unpriced_calls === 1 ? 'call has' : 'calls have'} no known
          price and
          {usage.unpriced_calls === 1 ? ' is' : ' are'} not in the sum.
        </p>
      )}
    </div>
  )
}

function Spenders({ usage }: { usage: LlmUsage }) {
  const agents = useLive((state) => state.snapshot?.agents) ?? NONE
  const nameOf = (id: string) => agents.find(({ agent_id }) => agent_id === id)?.name ?? id
  const most = usage.by_agent.toSorted((left, right) => right.cost_usd - left.cost_usd).slice(0, MOST)
  if (most.length === 0) return null
  return (
    <ul aria-label="Spend by agent" className="flex flex-col gap-2">
      {most.map(({ agent_id, cost_usd }) => (
        <li key={agent_id} className="grid grid-cols-[6.5rem_1fr_4rem] items-center gap-3 text-sm">
          <span className="truncate">{nameOf(agent_id)}</span>
          <progress
            className="bar"
            max={usage.cost_usd || 1}
            value={cost_usd}
            aria-label={`${nameOf(agent_id)}'s share of the spend`}
          />
          <span className="text-right tabular-nums">{usd(cost_usd)}</span>
        </li>
      ))}
    </ul>
  )
}
