// Lists that are ordered by their natural key, changed without touching what stays the same.

/** The fields that make an entity's key, outermost first; with a value where a field may be absent. */
export type Shape = readonly (string | readonly [field: string, whenAbsent: string])[]

/** Put an entity in its place; the same list when the same entity is there already. */
export function upsert(
  list: readonly unknown[],
  shape: Shape,
  key: readonly string[],
  value: unknown,
): readonly unknown[] {
  const present = indexOf(list, shape, key)
  if (present >= 0) return sameValue(list[present], value) ? list : list.with(present, value)
  const after = list.findIndex((entity) => compare(entity, shape, key) > 0)
  return list.toSpliced(after < 0 ? list.length : after, 0, value)
}

/** Take an entity out; the same list when it is not there. */
export function remove(list: readonly unknown[], shape: Shape, key: readonly string[]): readonly unknown[] {
  const index = indexOf(list, shape, key)
  return index < 0 ? list : list.toSpliced(index, 1)
}

/** Say whether two JSON values are equal, whatever the order of their fields. */
export function sameValue(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, index) => sameValue(item, right[index]))
  }
  if (!isObject(left) || !isObject(right)) return false
  const fields = Object.keys(left)
  return (
    fields.length === Object.keys(right).length &&
    fields.every((field) => Object.hasOwn(right, field) && sameValue(left[field], right[field]))
  )
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Find an entity by halves; where that finds none one by one, for a server may order rare letters otherwise. */
function indexOf(list: readonly unknown[], shape: Shape, key: readonly string[]): number {
  let from = 0
  let to = list.length - 1
  while (from <= to) {
    const middle = (from + to) >> 1
    const order = compare(list[middle], shape, key)
    if (order === 0) return middle
    if (order < 0) from = middle + 1
    else to = middle - 1
  }
  return list.findIndex((entity) => compare(entity, shape, key) === 0)
}

function compare(entity: unknown, shape: Shape, key: readonly string[]): number {
  for (const [place, part] of shape.entries()) {
    const [field, whenAbsent] = typeof part === 'string' ? [part, ''] : part
    const own = String((isObject(entity) ? entity[field] : undefined) ?? whenAbsent)
    const wanted = key[place] ?? ''
    if (own !== wanted) return own < wanted ? -1 : 1
  }
  return 0
}
