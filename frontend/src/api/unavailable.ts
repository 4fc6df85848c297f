// What of a source cannot be read while the rest of it goes on, and why. Pure.
import type { Source } from './generated/oracleState'

/** Give the parts of a source whose names match, each with its reason; undefined where all of it can be read. */
export function unavailableParts(sources: readonly Source[], name: string, part: RegExp): string | undefined {
  const reasons = sources
    .filter((source) => source.name === name)
    .flatMap(({ unavailable = [] }) => unavailable)
    .filter((one) => part.test(one.part))
    .map((one) => `${one.part}: ${one.reason}`)
  return reasons.length === 0 ? undefined : [...new Set(reasons)].join('; ')
}
