// One agent: what it is doing, what it means to do, and what that costs.
import { memo } from 'react'
import type { Agent, AgentUsage } from '@/api/generated/oracleState'
import { Badge } from '@/components/Badge'
import { Elapsed } from '@/components/Elapsed'
import { Metric } from '@/components/Metric'
import type { Tone } from '@/components/status'
import { count, usd } from '@/components/units'
import type { Figures } from './agentFigures'
import { foundBy, isModelServer } from './agentLabel'
import { TaskList } from './TaskList'

const TONES: Record<Agent['status'], Tone> = {
  healthy: 'good',
  degraded: 'warn',
  failed: 'bad',
  down: 'bad',
  unknown: 'calm',
}

interface AgentCardProps extends Figures {
  readonly agent: Agent
  readonly usage: AgentUsage | undefined
}

/** Its props are the parts of the snapshot themselves, so a card renders only when its own agent changed. */
export const AgentCard = memo(function AgentCard({ agent, usage, ...figures }: AgentCardProps) {
  const { activity } = agent
  return (
    <article className={`card h-full tone-${TONES[agent.status]}`}>
      <div>
        <div className="flex items-center justify-between gap-3">
          <h3 className="truncate font-semibold text-lg leading-6 tracking-tight">{agent.name}</h3>
          <div className="flex flex-wrap justify-end gap-1.5">
            {isModelServer(agent) && <Badge tone="info">model server</Badge>}
            <Badge tone={TONES[agent.status]}>{agent.status}</Badge>
          </div>
        </div>
        <p className="flex text-muted text-xs">
          <span className="truncate">{agent.deployment_name ?? agent.agent_id}</span>
          {(agent.last_seen !== undefined || !isModelServer(agent)) && (
            <span className="shrink-0 whitespace-pre"> · {lastSeen(agent)}</span>
          )}
        </p>
        <FoundBy agent={agent} />
      </div>

      {agent.models !== undefined && agent.models.length > 0 && (
        <ul aria-label="Models" className="flex flex-wrap gap-1.5">
          {agent.models.map((model) => (
            <li key={model} className="chip">
              {model}
            </li>
          ))}
        </ul>
      )}

      {!isModelServer(agent) && (
        <TaskList tasks={activity.active_task_ids} most={agent.max_parallel_invocations} />
      )}

      <div className="flex grow flex-col gap-2">
        {activity.reasoning !== undefined && activity.reasoning !== '' && (
          <blockquote className="border-accent/60 border-l-2 pl-3 text-sm leading-snug">
            <span className="sr-only">Reasoning: </span>
            <p className="line-clamp-3">{activity.reasoning}</p>
          </blockquote>
        )}
        {activity.tools_planned !== undefined && activity.tools_planned.length > 0 && (
          <ol aria-label="Tools planned" className="flex flex-wrap items-center gap-1 text-xs">
            {activity.tools_planned.map((tool, place) => (
              // A tool may be planned twice, and the list is replaced whole: its place is its identity.
              // biome-ignore lint/suspicious/noArrayIndexKey: as above
              <li key={`${place} ${tool}`} className="tool">
                {tool}
              </li>
            ))}
          </ol>
        )}
      </div>

      <Numbers agent={agent} usage={usage} {...figures} />
    </article>
  )
})

function FoundBy({ agent }: { agent: Agent }) {
  const ways = foundBy(agent)
  if (ways.length === 0) return null
  return (
    <div className="mt-1 flex items-baseline gap-1.5 text-muted text-xs">
      <span>Found by</span>
      <ul aria-label="Found by" className="flex flex-wrap gap-x-1.5 gap-y-1">
        {ways.map((way) => (
          <li key={way} className="chip">
            {way}
          </li>
        ))}
      </ul>
    </div>
  )
}

function lastSeen({ last_seen }: Agent) {
  if (last_seen === undefined) return 'never seen'
  return (
    <>
      seen <Elapsed since={last_seen} /> ago
    </>
  )
}

function Numbers({ agent, usage, cpu, memory, restarts, lastTermination }: AgentCardProps) {
  const tokens = usage && usage.prompt_tokens + usage.completion_tokens
  return (
    <footer className="flex flex-col gap-2.5 border-line border-t pt-3">
      <dl aria-label="Now" className="grid grid-cols-4 gap-x-3">
        <Metric name="Instances" value={count(agent.instances.length)} />
        <Metric name="CPU" value={count(cpu)} unit="m" unitInFull="millicores" />
        <Metric name="Memory" value={count(memory)} unit="MiB" />
        <Metric name="Restarts" value={count(restarts)} alarming={(restarts ?? 0) > 0} />
      </dl>
      <dl aria-label="Today" className="grid grid-cols-4 gap-x-3">
        <Metric name="Calls today" value={count(usage?.calls)} />
        <Metric name="Tokens" value={count(tokens)} />
        <Metric name="Cost" value={usd(usage?.cost_usd)} wide />
      </dl>
      {lastTermination !== undefined && (
        <p className="text-bad text-xs">Last restart after {lastTermination}</p>
      )}
    </footer>
  )
}
