// What a model's limits say, in words, and which models come first. Pure.
import type { ModelLimits } from '@/api/generated/oracleState'
import { readable } from '@/components/names'
import { type Tone, WEIGHT } from '@/components/status'
import { count, duration, UNKNOWN } from '@/components/units'

export const DEFAULT_LABEL = 'default'
/** A forecast below it is a warning, as the alert of it is. */
const SOON_SECONDS = 60
/** A limit this full makes the system degraded, as the issue of it says. */
const NEAR_PERCENT = 90

export function keyOf({ provider, model, key_label = DEFAULT_LABEL }: ModelLimits): string {
  return JSON.stringify([provider, model, key_label])
}

/** Rate limited passes by itself, an empty account does not. */
export function stateOf(model: ModelLimits): { tone: Tone; words: string } {
  if (model.quota_exhausted === true) return { tone: 'bad', words: 'quota exhausted' }
  switch (model.status) {
    case 'rate_limited':
      return { tone: 'bad', words: 'rate limited' }
    case 'unavailable':
      return { tone: 'warn', words: 'unavailable' }
    case 'unknown':
      return { tone: 'calm', words: 'unknown' }
    default:
      return isNear(model) ? { tone: 'warn', words: 'limit near' } : { tone: 'good', words: 'available' }
  }
}

function isNear({ seconds_to_exhaustion: seconds, percent_used = 0 }: ModelLimits): boolean {
  return (seconds !== undefined && seconds < SOON_SECONDS) || percent_used >= NEAR_PERCENT
}

/** 45K of 50K tokens/min · 95 requests/min */
export function useOf({ tpm, tpm_max, rpm, rpm_max }: ModelLimits): string {
  return `${ofLimit(tpm, tpm_max)} tokens/min · ${ofLimit(rpm, rpm_max)} requests/min`
}

function ofLimit(used: number, limit: number | undefined): string {
  return limit === undefined ? count(used) : `${count(used)} of ${count(limit)}`
}

/** What the provider said is left; undefined where it says nothing. */
export function leftOf({ tpm_remaining, rpm_remaining }: ModelLimits): string | undefined {
  const parts = [
    tpm_remaining !== undefined && `${count(tpm_remaining)} tokens`,
    rpm_remaining !== undefined && `${count(rpm_remaining)} requests`,
  ].filter((part) => part !== false)
  return parts.length > 0 ? `${parts.join(' and ')} left` : undefined
}

/** When a limit is used up; of what is refused already there is nothing to forecast. */
export function forecastOf(model: ModelLimits): string | undefined {
  const { seconds_to_exhaustion: seconds, status } = model
  if (seconds === undefined || status === 'rate_limited' || model.quota_exhausted === true) return undefined
  return seconds < 0.5 ? 'limit reached' : `used up in ${duration(Math.round(seconds))} at this pace`
}

export function percent(value: number | undefined): string {
  return value === undefined ? UNKNOWN : `${Math.round(value)} %`
}

/** Those that are refused first, then the fullest; one name after the other. */
export function worstFirst(models: readonly ModelLimits[]): ModelLimits[] {
  return models.toSorted(
    (left, right) =>
      Number(right.quota_exhausted === true) - Number(left.quota_exhausted === true) ||
      WEIGHT[stateOf(right).tone] - WEIGHT[stateOf(left).tone] ||
      (right.percent_used ?? 0) - (left.percent_used ?? 0) ||
      keyOf(left).localeCompare(keyOf(right)),
  )
}

export function nameOf({ provider, model }: ModelLimits): string {
  return `${readable(provider)}/${readable(model)}`
}
