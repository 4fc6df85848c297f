// A moment in which models run into their limits and agents into their budgets.
import type { Alert, ModelLimits, Snapshot } from '@/api/generated/oracleState'
import { aSnapshot } from './snapshot'

const model = (name: string, fields: Partial<ModelLimits>): ModelLimits => ({
  provider: 'openai',
  model: name,
  tpm: 500,
  rpm: 3,
  status: 'available',
  ...fields,
})

export function aTightDay(at: number): Snapshot {
  const moment = (seconds: number) => new Date(at + seconds * 1000).toISOString()
  const alert = (severity: Alert['severity'], title: string, since: number): Alert => ({
    id: title,
    severity,
    title,
    source: 'llm',
    agent_ids: [],
    since: moment(since),
  })
  const { llm_usage, ...rest } = aSnapshot(at)
  if (llm_usage === undefined) throw new Error('the snapshot has spend')
  return {
    ...rest,
    alerts: [
      alert('critical', 'Model claude-opus-4-5 has used up its quota', -310),
      alert('high', 'Model gpt-4o-mini is rate limited', -4),
      alert('medium', 'Model gpt-4o (key team-a) reaches its limit in 41 s at this pace', -12),
      alert(
        'high',
        'Agent Researcher has spent at least $12.50 of its $10.00 budget for today (125%)',
        -7200,
      ),
    ],
    litellm: [
      model('gpt-4o', {
        key_label: 'team-a',
        tpm: 47_500,
        tpm_max: 50_000,
        rpm: 95,
        rpm_max: 500,
        percent_used: 95,
        tpm_remaining: 2500,
        rpm_remaining: 405,
        told_at: moment(-3),
        seconds_to_exhaustion: 41.2,
        resets_at: moment(57),
      }),
      model('gpt-4o-mini', {
        status: 'rate_limited',
        tpm_max: 200_000,
        percent_used: 100,
        resets_at: moment(12),
        reason: '429 rate_limit_exceeded',
      }),
      model('claude-opus-4-5', {
        provider: 'anthropic',
        status: 'unavailable',
        quota_exhausted: true,
        reason: '400 insufficient_quota',
      }),
      model('llama3.1:8b', { provider: 'ollama', loaded: true }),
    ],
    llm_usage: {
      ...llm_usage,
      estimated_calls: 3,
      by_agent: llm_usage.by_agent.map((one) =>
        one.agent_id === 'research-agent'
          ? { ...one, cost_usd: 12.5, budget_usd: 10, budget_percent: 125, unpriced_calls: 2 }
          : { ...one, unpriced_calls: 0, budget_usd: 2.5, budget_percent: one.cost_usd * 40 },
      ),
    },
  }
}
