import { describe, expect, it } from 'vitest'
import type { Pod } from '@/api/generated/oracleState'
import { aPod } from '@/testing/cluster'
import { lastEndOf, podTone, statusTone } from './podState'

describe('a pod’s status', () => {
  it.each<[Partial<Pod>, string]>([
    [{ status: 'Running' }, 'good'],
    [{ status: 'Running', ready: false }, 'warn'],
    [{ status: 'Created' }, 'info'],
    [{ status: 'Pending' }, 'info'],
    [{ status: 'Pending', status_message: 'no node has room' }, 'warn'],
    [{ status: 'Init:1/3' }, 'info'],
    [{ status: 'Init:CrashLoopBackOff' }, 'bad'],
    [{ status: 'Terminating' }, 'info'],
    [{ status: 'Completed' }, 'calm'],
    [{ status: 'Deleted' }, 'calm'],
    [{ status: 'Stopped' }, 'warn'],
    [{ status: 'CrashLoopBackOff' }, 'bad'],
    [{ status: 'OOMKilled' }, 'bad'],
    [{ status: 'ImagePullBackOff' }, 'bad'],
    [{ status: 'Failed' }, 'bad'],
    [{ status: 'AReasonOfTomorrow' }, 'bad'],
  ])('%o is %s', (part, tone) => expect(statusTone(aPod('a', part))).toBe(tone))

  it.each<[Partial<Pod>, string]>([
    [{ restart_loop: true }, 'bad'],
    [{ restart_loop: true, deleted_at: '2026-02-06T14:32:11Z' }, 'calm'],
    [{ status: 'OOMKilled', deleted_at: '2026-02-06T14:32:11Z' }, 'calm'],
  ])('adds to its workload: %o is %s', (part, tone) => expect(podTone(aPod('a', part))).toBe(tone))
})

describe('the last end of a pod', () => {
  it.each<[Partial<Pod>, string | undefined]>([
    [{}, undefined],
    [{ last_termination_reason: 'OOMKilled', last_exit_code: 137 }, 'OOMKilled · exit code 137'],
    [{ last_termination_reason: 'Error', last_exit_signal: 'SIGSEGV' }, 'Error · SIGSEGV'],
    [{ last_exit_code: 0 }, 'exit code 0'],
  ])('of %o is told as %s', (part, words) => expect(lastEndOf(aPod('a', part))).toBe(words))
})
