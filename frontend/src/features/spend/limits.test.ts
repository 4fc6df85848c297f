import { describe, expect, it } from 'vitest'
import type { AgentUsage, ModelLimits } from '@/api/generated/oracleState'
import { forecastOf, keyOf, leftOf, percent, stateOf, useOf, worstFirst } from './limits'
import { mostSpentFirst } from './Spenders'

const aModel = (fields: Partial<ModelLimits> = {}): ModelLimits => ({
  provider: 'openai',
  model: 'gpt-4o',
  tpm: 45_000,
  rpm: 95,
  status: 'available',
  ...fields,
})

it.each<[Partial<ModelLimits>, string, string]>([
  [{}, 'good', 'available'],
  [{ seconds_to_exhaustion: 59 }, 'warn', 'limit near'],
  [{ seconds_to_exhaustion: 60 }, 'good', 'available'],
  [{ percent_used: 90 }, 'warn', 'limit near'],
  [{ percent_used: 89.9 }, 'good', 'available'],
  [{ status: 'rate_limited' }, 'bad', 'rate limited'],
  [{ status: 'unavailable', quota_exhausted: true }, 'bad', 'quota exhausted'],
  [{ status: 'unavailable' }, 'warn', 'unavailable'],
  [{ status: 'unknown' }, 'calm', 'unknown'],
])('says of a model with %o that it is %s: %s', (fields, tone, words) => {
  expect(stateOf(aModel(fields))).toEqual({ tone, words })
})

describe('each number has its unit, and what nobody told is not made up', () => {
  it.each<[Partial<ModelLimits>, string]>([
    [{}, '45K tokens/min · 95 requests/min'],
    [{ tpm_max: 50_000, rpm_max: 100 }, '45K of 50K tokens/min · 95 of 100 requests/min'],
  ])('in the use of %o', (fields, words) => expect(useOf(aModel(fields))).toBe(words))

  it.each<[Partial<ModelLimits>, string | undefined]>([
    [{}, undefined],
    [{ tpm_remaining: 0 }, '0 tokens left'],
    [{ tpm_remaining: 5000, rpm_remaining: 5 }, '5,000 tokens and 5 requests left'],
  ])('in what is left of %o', (fields, words) => expect(leftOf(aModel(fields))).toBe(words))

  it.each<[Partial<ModelLimits>, string | undefined]>([
    [{}, undefined],
    [{ seconds_to_exhaustion: 41.3 }, 'used up in 41 s at this pace'],
    [{ seconds_to_exhaustion: 0 }, 'limit reached'],
    [{ seconds_to_exhaustion: 0, status: 'rate_limited' }, undefined],
    [{ seconds_to_exhaustion: 9, status: 'unavailable', quota_exhausted: true }, undefined],
  ])('in the forecast of %o', (fields, words) => expect(forecastOf(aModel(fields))).toBe(words))

  it('in a share', () => expect([percent(94.6), percent(undefined)]).toEqual(['95 %', '–']))
})

it('puts empty accounts first, then refusals, then the fullest', () => {
  const models = [
    aModel({ model: 'calm', percent_used: 3 }),
    aModel({ model: 'limited', status: 'rate_limited' }),
    aModel({ model: 'full', percent_used: 95 }),
    aModel({ model: 'empty', status: 'unavailable', quota_exhausted: true }),
  ]
  expect(worstFirst(models).map(({ model }) => model)).toEqual(['empty', 'limited', 'full', 'calm'])
})

it('tells models of one name apart by their provider and key', () => {
  const keys = [aModel(), aModel({ key_label: 'default' }), aModel({ key_label: 'team-a' })].map(keyOf)
  expect(new Set(keys).size).toBe(2)
})

it('puts those that passed their budget before those that only spent more', () => {
  const spender = (agent_id: string, cost_usd: number, budget_percent?: number): AgentUsage => ({
    agent_id,
    calls: 1,
    prompt_tokens: 1,
    completion_tokens: 1,
    cost_usd,
    ...(budget_percent !== undefined && { budget_percent }),
  })
  const order = mostSpentFirst([spender('rich', 9, 20), spender('a', 1), spender('over', 0.5, 120)])
  expect(order.map(({ agent_id }) => agent_id)).toEqual(['over', 'rich', 'a'])
})
