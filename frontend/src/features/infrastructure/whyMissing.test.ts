import { describe, expect, it } from 'vitest'
import type { Source, Workload } from '@/api/generated/oracleState'
import { type Measured, whyMissing } from './whyMissing'

const source = (more: Partial<Source>): Source => ({
  name: 'kubernetes',
  instance: 'cluster',
  status: 'fresh',
  age_seconds: 1,
  interval_seconds: 2,
  ...more,
})
const unavailable = [
  { part: 'metrics.k8s.io', reason: '403 Forbidden' },
  { part: 'network (kubelet summary)', reason: 'not permitted' },
]

describe('a number that is not there', () => {
  it.each<[string, Partial<Source>, Workload['runtime'], Measured, string | undefined]>([
    ['names the part', { unavailable }, 'kubernetes', 'usage', 'metrics.k8s.io: 403 Forbidden'],
    [
      'names its own part',
      { unavailable },
      'kubernetes',
      'network',
      'network (kubelet summary): not permitted',
    ],
    ['takes no other source’s part', { unavailable }, 'process', 'usage', undefined],
    ['has no reason where all is read', {}, 'kubernetes', 'usage', undefined],
    ['has no reason where it is made up', { unavailable }, 'mock', 'usage', undefined],
    [
      'names the source that does not answer',
      { status: 'down', reason: 'connection refused' },
      'kubernetes',
      'usage',
      'The source kubernetes is down: connection refused',
    ],
  ])('%s', (_, part, runtime, measured, reason) => {
    expect(whyMissing([source(part)], runtime, measured)).toBe(reason)
  })

  it('says once what two clusters say alike', () => {
    const two = [source({ unavailable }), source({ unavailable, instance: 'other' })]
    expect(whyMissing(two, 'kubernetes', 'usage')).toBe('metrics.k8s.io: 403 Forbidden')
  })
})
