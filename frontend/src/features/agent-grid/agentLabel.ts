// What a screen reader says of an agent when its card comes into focus, and how it came to be known. Pure.
import type { Agent } from '@/api/generated/oracleState'

const FOUND: Record<Agent['discovered_by'][number], string> = {
  labeled: 'labelled',
  deployment: 'deployment',
  telemetry: 'telemetry',
  registered: 'registered',
}

/** Say whether it is a model server: those stand beside the agents and are not counted as agents. */
export function isModelServer({ role }: Agent): boolean {
  return role === 'llm_server'
}

export function labelOf(agent: Agent): string {
  if (isModelServer(agent)) return `${agent.name}, model server, ${agent.status}`
  const tasks = agent.activity.active_task_ids.length
  return `${agent.name}, ${agent.status}, ${tasks === 1 ? '1 current task' : `${tasks} current tasks`}`
}

/** The ways by which an agent was found, in words. */
export function foundBy({ discovered_by }: Agent): readonly string[] {
  return discovered_by.map((way) => FOUND[way] ?? way)
}
