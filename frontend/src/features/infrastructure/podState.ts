// What a pod's status means for people: whether it is in trouble, and how much. Pure.
import type { Pod } from '@/api/generated/oracleState'
import type { Tone } from '@/components/status'

const ON_ITS_WAY = new Set(['Created', 'Pending', 'ContainerCreating', 'PodInitializing', 'SchedulingGated'])
const AT_REST = new Set(['Completed', 'Succeeded', 'Exited', 'Deleted', 'Gone'])
const WANTS_A_LOOK = new Set(['NotReady', 'Stopped', 'Unschedulable'])
/** `Init:1/3` is an init container that runs; `Init:Error` is one that failed. */
const INIT_RUNS = /^Init:\d+\/\d+$/

/**
 * Give the tone of a status. In place of a phase, Kubernetes tells a reason when something is wrong; so what is
 * no state of a sound pod is taken for trouble, known by name or not.
 */
export function statusTone({ status, ready, status_message }: Pod): Tone {
  if (status === 'Running') return ready === false ? 'warn' : 'good'
  if (AT_REST.has(status)) return 'calm'
  if (status === 'Terminating') return 'info'
  if (WANTS_A_LOOK.has(status)) return 'warn'
  // A pod that waits and says for what (no node has room) does not only need a moment.
  if (ON_ITS_WAY.has(status)) return status_message === undefined ? 'info' : 'warn'
  return INIT_RUNS.test(status) ? 'info' : 'bad'
}

/**
 * Give what a pod adds to its workload's state: one that was deleted adds nothing, whatever it ended with, and one
 * in a restart loop is in trouble though it may run just now.
 */
export function podTone(pod: Pod): Tone {
  if (pod.deleted_at !== undefined) return 'calm'
  return pod.restart_loop === true ? 'bad' : statusTone(pod)
}

/** Give how the last container of a pod ended, in words: `OOMKilled · exit code 137`. */
export function lastEndOf(pod: Pod): string | undefined {
  const { last_termination_reason, last_exit_code, last_exit_signal } = pod
  const parts = [
    last_termination_reason,
    last_exit_signal,
    last_exit_code === undefined ? undefined : `exit code ${last_exit_code}`,
  ].filter((part) => part !== undefined)
  return parts.length === 0 ? undefined : parts.join(' · ')
}
