// Which agents the spend of today is for, those over their budget first, and how much of it is spent.
import { useMemo } from 'react'
import type { Agent, AgentUsage, LlmUsage } from '@/api/generated/oracleState'
import { useLive } from '@/api/live'
import { readable } from '@/components/names'
import { usd } from '@/components/units'
import { percent } from './limits'

const MOST = 6
const NONE: readonly Agent[] = []
const WARNS_AT = 80
const FULL = 100
/** A bar that is full is above it. */
const ALARMS_AT = FULL - 0.1

export function Spenders({ usage }: { usage: LlmUsage }) {
  const agents = useLive((state) => state.snapshot?.agents) ?? NONE
  const names = useMemo(() => new Map(agents.map(({ agent_id, name }) => [agent_id, name])), [agents])
  const order = useMemo(() => mostSpentFirst(usage.by_agent), [usage.by_agent])
  if (order.length === 0) return null
  const shown = order.slice(0, MOST)
  return (
    <>
      <ul aria-label="Spend by agent" className="flex flex-col gap-2">
        {shown.map((one) => (
          <Spender
            key={one.agent_id}
            usage={one}
            name={readable(names.get(one.agent_id) ?? one.agent_id)}
            total={usage.cost_usd}
          />
        ))}
      </ul>
      {order.length > shown.length && (
        <p className="text-muted text-xs">and {order.length - shown.length} more agents</p>
      )}
    </>
  )
}

function Spender({ usage, name, total }: { usage: AgentUsage; name: string; total: number }) {
  const { cost_usd, unpriced_calls = 0, budget_usd, budget_percent } = usage
  return (
    <li className="grid grid-cols-[6.5rem_1fr_auto] items-center gap-3 text-sm">
      <span className="truncate" title={name}>
        {name}
      </span>
      {budget_usd === undefined ? (
        <progress
          className="bar"
          max={total || 1}
          value={cost_usd}
          aria-label={`${name}'s share of the spend`}
        />
      ) : (
        <meter
          className="gauge"
          min={0}
          max={FULL}
          low={WARNS_AT}
          high={ALARMS_AT}
          optimum={0}
          value={Math.min(budget_percent ?? 0, FULL)}
          aria-label={`${name}'s budget of today`}
          aria-valuetext={`${percent(budget_percent)} of ${usd(budget_usd)} spent`}
        />
      )}
      <span className="text-right tabular-nums">
        {unpriced_calls > 0 && (
          <abbr title="Some of its calls have no known price" className="no-underline">
            ≥{' '}
          </abbr>
        )}
        {usd(cost_usd)}
        {budget_usd !== undefined && (
          <span className={(budget_percent ?? 0) >= FULL ? 'text-bad' : 'text-muted'}>
            {' '}
            of {usd(budget_usd)} ({percent(budget_percent)})
          </span>
        )}
      </span>
    </li>
  )
}

/** Those that passed a mark of their budget first, then by what they spent. */
export function mostSpentFirst(spenders: readonly AgentUsage[]): AgentUsage[] {
  const over = ({ budget_percent = 0 }: AgentUsage) => (budget_percent >= WARNS_AT ? budget_percent : 0)
  return spenders.toSorted(
    (left, right) =>
      over(right) - over(left) ||
      right.cost_usd - left.cost_usd ||
      left.agent_id.localeCompare(right.agent_id),
  )
}
