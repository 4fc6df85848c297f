// Why a number is not there: the part of the source that cannot be read, or the source that does not answer. Pure.
import type { Source, Workload } from '@/api/generated/oracleState'
import { unavailableParts } from '@/api/unavailable'

export type Measured = 'usage' | 'network'

/** The names that sources give the parts which these numbers come from. */
const PARTS: Record<Measured, RegExp> = {
  usage: /metrics/i,
  network: /network|kubelet/i,
}
const SOURCES: Record<Workload['runtime'], string | undefined> = {
  kubernetes: 'kubernetes',
  process: 'process',
  mock: undefined,
}

/** Give the reason, or undefined where none is known: then the number may only not have come yet. */
export function whyMissing(
  sources: readonly Source[],
  runtime: Workload['runtime'],
  measured: Measured,
): string | undefined {
  const name = SOURCES[runtime]
  if (name === undefined) return undefined
  const parts = unavailableParts(sources, name, PARTS[measured])
  if (parts !== undefined) return parts
  const silent = sources.find((source) => source.name === name && source.status !== 'fresh')
  if (silent === undefined) return undefined
  return `The source ${silent.name} is ${silent.status}${silent.reason === undefined ? '' : `: ${silent.reason}`}`
}
