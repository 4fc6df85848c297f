// The panel of all agents: a card each, and above sixty only those cards that are in view.
import { useMemo } from 'react'
import type { Agent } from '@/api/generated/oracleState'
import { useLive } from '@/api/live'
import { Notice } from '@/components/Notice'
import { Panel } from '@/components/Panel'
import { Caution, PanelBody } from '@/components/PanelBody'
import { AgentCard } from './AgentCard'
import { figuresOf, podIndex } from './agentFigures'
import { isModelServer, labelOf } from './agentLabel'
import { VirtualCards } from './VirtualCards'

const VIRTUAL_ABOVE = 60
const NONE: readonly never[] = []
const ORDER: readonly Agent['status'][] = ['healthy', 'degraded', 'failed', 'down', 'unknown']

export function AgentGrid() {
  const agents = useLive((state) => state.snapshot?.agents) ?? NONE
  return (
    <Panel title="Agents" summary={agents.length > 0 ? summary(agents) : undefined} caution={<Caution />}>
      <PanelBody of="the agents" rows={4} tall isEmpty={agents.length === 0} empty={<NoAgents />}>
        <Cards agents={agents} />
      </PanelBody>
    </Panel>
  )
}

function Cards({ agents }: { agents: readonly Agent[] }) {
  const workload = useLive((state) => state.snapshot?.workload) ?? NONE
  const byAgent = useLive((state) => state.snapshot?.llm_usage?.by_agent) ?? NONE
  const usage = useMemo(() => new Map(byAgent.map((one) => [one.agent_id, one])), [byAgent])
  const pods = useMemo(() => podIndex(workload), [workload])
  const card = (agent: Agent) => (
    <AgentCard agent={agent} usage={usage.get(agent.agent_id)} {...figuresOf(agent, pods)} />
  )
  if (agents.length > VIRTUAL_ABOVE) return <VirtualCards agents={agents} card={card} />
  return (
    <ul aria-label="Agents" className="card-grid">
      {agents.map((agent) => (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a card is read whole, one Tab each
        <li key={agent.agent_id} tabIndex={0} aria-label={labelOf(agent)} className="card-place">
          {card(agent)}
        </li>
      ))}
    </ul>
  )
}

function NoAgents() {
  return (
    <Notice title="No agents yet">
      Start one with <code className="code">python -m agents.base.run my_agent:MyAgent</code>, or send an
      event to the topic <code className="code">oracle.events</code>: it appears here within two seconds.
    </Notice>
  )
}

function summary(all: readonly Agent[]): string {
  const agents = all.filter((agent) => !isModelServer(agent))
  const servers = all.length - agents.length
  const counts = ORDER.map(
    (status) => [status, agents.filter((agent) => agent.status === status).length] as const,
  )
  const parts = counts.filter(([, number]) => number > 0).map(([status, number]) => `${number} ${status}`)
  const beside = servers > 0 ? [`and ${servers} ${servers === 1 ? 'model server' : 'model servers'}`] : []
  return [`${agents.length} ${agents.length === 1 ? 'agent' : 'agents'}`, ...parts, ...beside].join(' · ')
}
