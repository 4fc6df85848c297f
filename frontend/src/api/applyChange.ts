// A change and the snapshot before it give the snapshot after it (SPEC §4, natural keys). Pure: what did not
// change keeps its identity, so that React renders only what did, and applying a change twice changes nothing.
import type { Change } from './generated/live'
import type { Snapshot, Workload } from './generated/oracleState'
import { isObject, remove, type Shape, sameValue, upsert } from './keyedList'

type Key = readonly string[]
type Entity = Record<string, unknown>

interface Kind {
  set(snapshot: Snapshot, key: Key, value: Entity): Snapshot
  remove(snapshot: Snapshot, key: Key): Snapshot
}

type ListName = 'agents' | 'queues' | 'litellm' | 'alerts' | 'incidents' | 'sources'
type PartName = 'kubernetes' | 'kafka' | 'llm_usage'

/** A list of the snapshot itself. */
function inSnapshot(list: ListName, shape: Shape): Kind {
  return {
    set: (snapshot, key, value) => withList(snapshot, list, upsert(snapshot[list], shape, key, value)),
    remove: (snapshot, key) => withList(snapshot, list, remove(snapshot[list], shape, key)),
  }
}

/** A list of a part; an entity of a part that is unknown, and has no empty form, is left out until it is known. */
function inPart(part: PartName, list: string, shape: Shape, empty?: Entity): Kind {
  const change = (
    snapshot: Snapshot,
    edit: (list: readonly unknown[]) => readonly unknown[],
    start?: Entity,
  ) => {
    const before = (snapshot[part] as Entity | undefined) ?? start
    if (before === undefined) return snapshot
    const present = before[list] as readonly unknown[]
    const next = edit(present)
    return next === present ? snapshot : ({ ...snapshot, [part]: { ...before, [list]: next } } as Snapshot)
  }
  return {
    set: (snapshot, key, value) => change(snapshot, (present) => upsert(present, shape, key, value), empty),
    remove: (snapshot, key) => change(snapshot, (present) => remove(present, shape, key)),
  }
}

/** The scalar fields of a part; its lists are entities of their own and stay. Its removal removes the part. */
function scalarsOf(part: PartName, lists: readonly string[]): Kind {
  return {
    set(snapshot, _key, value) {
      const before = (snapshot[part] ?? {}) as Entity
      const kept = Object.fromEntries(lists.map((list) => [list, before[list] ?? []]))
      const next = { ...value, ...kept }
      return sameValue(before, next) ? snapshot : ({ ...snapshot, [part]: next } as Snapshot)
    },
    remove(snapshot) {
      if (snapshot[part] === undefined) return snapshot
      const { [part]: _removed, ...rest } = snapshot
      return rest
    },
  }
}

const WORKLOAD: Shape = ['namespace', 'deployment_name']
const POD: Shape = ['pod_id']

const workload: Kind = {
  set(snapshot, key, value) {
    const pods = findWorkload(snapshot, key)?.pods ?? []
    return withList(snapshot, 'workload', upsert(snapshot.workload, WORKLOAD, key, { ...value, pods }))
  },
  remove: (snapshot, key) => withList(snapshot, 'workload', remove(snapshot.workload, WORKLOAD, key)),
}

const pod: Kind = {
  set: (snapshot, key, value) => withPods(snapshot, key, (pods) => upsert(pods, POD, key.slice(2), value)),
  remove: (snapshot, key) => withPods(snapshot, key, (pods) => remove(pods, POD, key.slice(2))),
}

const NO_CLUSTER = { deployments: [], nodes: [], events: [] }

// A Map, and not an object: a kind comes from outside and may be called `__proto__`.
const KINDS: ReadonlyMap<string, Kind> = new Map([
  ['workload', workload],
  ['kafka', scalarsOf('kafka', ['groups', 'topics'])],
  ['llm_usage', scalarsOf('llm_usage', ['in_flight', 'by_agent', 'by_model'])],
  ['pod', pod],
  ['agent', inSnapshot('agents', ['agent_id'])],
  ['queue', inSnapshot('queues', ['name'])],
  ['litellm', inSnapshot('litellm', ['provider', 'model', ['key_label', 'default']])],
  ['alert', inSnapshot('alerts', ['id'])],
  ['incident', inSnapshot('incidents', ['id'])],
  ['source', inSnapshot('sources', ['name', 'instance'])],
  ['deployment', inPart('kubernetes', 'deployments', ['namespace', 'name'], NO_CLUSTER)],
  ['node', inPart('kubernetes', 'nodes', ['name'], NO_CLUSTER)],
  ['k8s_event', inPart('kubernetes', 'events', ['namespace', 'object', 'reason'], NO_CLUSTER)],
  ['group', inPart('kafka', 'groups', ['group'])],
  ['topic', inPart('kafka', 'topics', ['topic'])],
  ['by_agent', inPart('llm_usage', 'by_agent', ['agent_id'])],
  ['by_model', inPart('llm_usage', 'by_model', ['provider', 'model'])],
  ['in_flight', inPart('llm_usage', 'in_flight', ['call_id'])],
])

/** What others stand in comes first, in whatever order a change names them. */
const CONTAINERS: ReadonlySet<string> = new Set(['workload', 'kafka', 'llm_usage'])

/** Give the snapshot after a change; unknown kinds, and values that are no objects, change nothing. */
export function applyChange(snapshot: Snapshot, change: Pick<Change, 'set' | 'remove'>): Snapshot {
  let next = snapshot
  for (const [kind, key] of change.remove) next = KINDS.get(kind)?.remove(next, key) ?? next
  const containersFirst = [
    ...change.set.filter(([kind]) => CONTAINERS.has(kind)),
    ...change.set.filter(([kind]) => !CONTAINERS.has(kind)),
  ]
  for (const [kind, key, value] of containersFirst) {
    if (isObject(value)) next = KINDS.get(kind)?.set(next, key, value) ?? next
  }
  return next
}

function withList(snapshot: Snapshot, name: ListName | 'workload', list: readonly unknown[]): Snapshot {
  return list === snapshot[name] ? snapshot : ({ ...snapshot, [name]: list } as Snapshot)
}

function findWorkload(snapshot: Snapshot, [namespace, name]: Key): Workload | undefined {
  return snapshot.workload.find((one) => one.namespace === namespace && one.deployment_name === name)
}

function withPods(
  snapshot: Snapshot,
  key: Key,
  edit: (pods: readonly unknown[]) => readonly unknown[],
): Snapshot {
  const owner = findWorkload(snapshot, key)
  if (owner === undefined) return snapshot
  const pods = edit(owner.pods)
  if (pods === owner.pods) return snapshot
  // It is known to differ: comparing it with what was there would go through all of its pods for each one.
  const place = snapshot.workload.indexOf(owner)
  return withList(snapshot, 'workload', snapshot.workload.with(place, { ...owner, pods } as Workload))
}
