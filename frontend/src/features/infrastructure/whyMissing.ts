// Why a number is not there: the part of the source that cannot be read, or the source that does not answer. Pure.
import type { Source, Workload } from '@/api/generated/oracleState'

export type Measured = 'usage' | 'network'

/** The names that sources give the parts which these numbers come from. */
const PARTS: Record<Measured, RegExp> = {
  usage: /metrics/i,
  network: /summary|kubelet|network|stats|proxy/i,
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
  const own = sources.filter(({ name }) => name === SOURCES[runtime])
  const parts = own.flatMap(({ unavailable = [] }) =>
    unavailable.flatMap(({ part, reason }) => (PARTS[measured].test(part) ? `${part}: ${reason}` : [])),
  )
  if (parts.length > 0) return [...new Set(parts)].join('; ')
  const silent = own.find(({ status }) => status !== 'fresh')
  if (silent === undefined) return undefined
  return `The source ${silent.name} is ${silent.status}${silent.reason === undefined ? '' : `: ${silent.reason}`}`
}
