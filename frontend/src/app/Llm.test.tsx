import { act, render, screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { describe, expect, it } from 'vitest'
import type { Alert, ModelLimits, Snapshot } from '@/api/generated/oracleState'
import { LiveProvider } from '@/api/live'
import { fakeSource } from '@/testing/fakeSource'
import { anEmptySnapshot, aSnapshot } from '@/testing/snapshot'
import { App } from './App'

const now = () => Date.now()
const soon = (seconds: number) => new Date(now() + seconds * 1000).toISOString()
const base = () => aSnapshot(now())

function open(snapshot: Snapshot) {
  const source = fakeSource({ connection: 'live', snapshot })
  render(
    <LiveProvider source={source}>
      <App />
    </LiveProvider>,
  )
  return source
}

const spend = () => within(screen.getByRole('region', { name: 'LLM spend today' }))
const row = (name: string) => spend().getByRole('article', { name })
const aModel = (model: string, fields: Partial<ModelLimits>): ModelLimits => ({
  provider: 'openai',
  model,
  tpm: 500,
  rpm: 3,
  status: 'available',
  ...fields,
})
const anAlert = (id: string, severity: Alert['severity'], title: string): Alert => ({
  id,
  severity,
  title,
  source: 'llm',
  agent_ids: [],
  since: soon(-90),
})

describe('the limits of models', () => {
  it('show how full they are, what is left, when that is all, and under which key', () => {
    open({
      ...base(),
      litellm: [
        aModel('gpt-4o', {
          key_label: 'team-a',
          tpm: 47_500,
          tpm_max: 50_000,
          percent_used: 95,
          tpm_remaining: 2500,
          told_at: soon(-3),
          seconds_to_exhaustion: 41.2,
          resets_at: soon(30),
        }),
      ],
    })
    const model = row('openai/gpt-4o')
    expect(model).toHaveTextContent(
      /key team-a.*limit near.*95 %.*47.5K of 50K tokens\/min · 3 requests\/min/,
    )
    expect(model).toHaveTextContent(/used up in 41 s at this pace.*2,500 tokens left, told \d+ s ago/)
    expect(model).toHaveTextContent(/resets in \d+ s/)
    expect(within(model).getByRole('meter', { name: 'Limit of openai/gpt-4o' })).toHaveAttribute(
      'aria-valuetext',
      '95 % used',
    )
  })

  it('tell an empty account from a rate limit, the worse first', () => {
    open({
      ...base(),
      litellm: [
        aModel('limited', { status: 'rate_limited', resets_at: soon(12), reason: '429 rate_limit_exceeded' }),
        aModel('empty', { status: 'unavailable', quota_exhausted: true, reason: '402' }),
      ],
    })
    const names = spend().getAllByRole('article')
    expect(names[0]).toHaveTextContent(/openai\/empty.*quota exhausted.*limit unknown.*402/)
    expect(names[1]).toHaveTextContent(
      /openai\/limited.*rate limited.*resets in \d+ s.*429 rate_limit_exceeded/,
    )
  })

  it('are shown before the first call, and there is no spend then', () => {
    open({ ...anEmptySnapshot(now()), litellm: [aModel('gpt-4o', { status: 'unknown' })] })
    expect(row('openai/gpt-4o')).toHaveTextContent(/unknown/)
    expect(spend().getByText(/^No calls yet/)).toBeVisible()
    expect(spend().queryByText('$0.00')).toBeNull()
  })
})

describe('the spend by agent', () => {
  it('shows how much of its budget each has spent, and where the sum is a least one', () => {
    const snapshot = base()
    const usage = { calls: 9, prompt_tokens: 9, completion_tokens: 9 }
    if (snapshot.llm_usage === undefined) throw new Error('the snapshot has spend')
    open({
      ...snapshot,
      llm_usage: {
        ...snapshot.llm_usage,
        estimated_calls: 3,
        by_agent: [
          { ...usage, agent_id: 'orchestrator', cost_usd: 20 },
          {
            ...usage,
            agent_id: 'research-agent',
            cost_usd: 12.5,
            budget_usd: 10,
            budget_percent: 125,
            unpriced_calls: 2,
          },
        ],
      },
    })
    const rows = within(spend().getByRole('list', { name: 'Spend by agent' })).getAllByRole('listitem')
    expect(rows.map((one) => one.textContent)).toEqual([
      'Researcher≥ $12.50 of $10.00 (125 %)',
      'Orchestrator$20.00',
    ])
    expect(spend().getByRole('meter', { name: "Researcher's budget of today" })).toHaveAttribute(
      'aria-valuetext',
      '125 % of $10.00 spent',
    )
    expect(spend().getByText('3 calls told no tokens: theirs are estimated.')).toBeVisible()
  })
})

describe('the alerts', () => {
  const alerts = [
    anAlert('b', 'medium', 'Agent Writer has spent $8.12 of its $10.00 budget for today (81%)'),
    anAlert('a', 'critical', 'Model gpt-4 has used up its quota'),
    anAlert('c', 'high', 'Model claude is rate limited'),
    anAlert('d', 'low', 'A small thing'),
  ]

  it('stand under the header, the worst first, the rest on demand, and are counted aloud', async () => {
    open({ ...base(), alerts })
    const bar = within(screen.getByRole('region', { name: 'Alerts' }))
    expect(bar.getAllByRole('listitem').map((one) => one.textContent)).toEqual([
      expect.stringMatching(/critical.*used up its quota.*for \d+ min \d+ s/),
      expect.stringMatching(/high.*rate limited/),
      expect.stringMatching(/medium.*\$8.12/),
    ])
    expect(bar.getByRole('status')).toHaveTextContent('4 alerts')
    await userEvent.click(bar.getByRole('button', { name: 'Show 1 more' }))
    expect(bar.getAllByRole('listitem')).toHaveLength(4)
  })

  it('vanish with their condition', () => {
    const source = open({ ...base(), alerts: alerts.slice(0, 1) })
    expect(screen.getByRole('region', { name: 'Alerts' })).toBeVisible()
    act(() => source.show({ snapshot: { ...base(), alerts: [] } }))
    expect(screen.queryByRole('region', { name: 'Alerts' })).toBeNull()
  })
})
