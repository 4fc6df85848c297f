// The nodes of the cluster and their conditions, those in trouble first.
import { useMemo } from 'react'
import type { Node } from '@/api/generated/oracleState'
import { useLive } from '@/api/live'
import { unavailableParts } from '@/api/unavailable'
import { Badge } from '@/components/Badge'
import { Notice } from '@/components/Notice'
import { Pager, usePages } from '@/components/Pager'
import { Panel } from '@/components/Panel'
import { Caution, PanelBody } from '@/components/PanelBody'
import { type Tone, WEIGHT } from '@/components/status'
import { count } from '@/components/units'

const NODES_A_PAGE = 8
const NONE: readonly Node[] = []

export function NodesPanel() {
  const nodes = useLive((state) => state.snapshot?.kubernetes?.nodes) ?? NONE
  const ready = nodes.filter((node) => node.ready).length
  return (
    <Panel
      title="Nodes"
      summary={nodes.length > 0 ? `${count(ready)} of ${count(nodes.length)} ready` : undefined}
      caution={<Caution source="kubernetes" />}
    >
      <PanelBody of="the nodes" rows={4} isEmpty={nodes.length === 0} empty={<None />}>
        <Nodes nodes={nodes} />
      </PanelBody>
    </Panel>
  )
}

/** Nothing to show: there is no cluster, or they may not be read, or there are none. */
function None() {
  const hasCluster = useLive((state) => state.snapshot?.kubernetes !== undefined)
  const refused = useLive(
    (state) => state.snapshot && unavailableParts(state.snapshot.sources, 'kubernetes', /^nodes\b/),
  )
  if (refused !== undefined) return <Notice title="Nodes cannot be read">{refused}</Notice>
  if (!hasCluster) {
    return <Notice title="No cluster yet">Nodes appear when the Kubernetes collector reports.</Notice>
  }
  return <Notice title="No nodes yet">No node has been told of.</Notice>
}

function Nodes({ nodes }: { nodes: readonly Node[] }) {
  const worstFirst = useMemo(
    () => nodes.toSorted((left, right) => WEIGHT[toneOf(right)] - WEIGHT[toneOf(left)]),
    [nodes],
  )
  const pages = usePages(worstFirst, NODES_A_PAGE)
  return (
    <>
      <ul aria-label="Nodes" className="rows">
        {pages.shown.map((node, place) => (
          <li
            key={node.name}
            aria-setsize={pages.total}
            aria-posinset={pages.first + place + 1}
            className="flex flex-wrap items-center justify-between gap-x-3 gap-y-1"
          >
            <div className="min-w-0">
              <p title={node.name} className="truncate font-medium text-sm">
                {node.name}
              </p>
              {node.reason !== undefined && (
                <p className="text-muted text-xs [overflow-wrap:anywhere]">{node.reason}</p>
              )}
            </div>
            <div className="flex flex-wrap justify-end gap-1.5">
              {node.pressures?.map((pressure) => (
                <Badge key={pressure} tone="warn">
                  {pressure}
                </Badge>
              ))}
              {node.unschedulable === true && <Badge tone="calm">unschedulable</Badge>}
              <Badge tone={node.ready ? 'good' : 'bad'}>{node.ready ? 'ready' : 'not ready'}</Badge>
            </div>
          </li>
        ))}
      </ul>
      <Pager of="nodes" pages={pages} />
    </>
  )
}

function toneOf({ ready, pressures = [], unschedulable = false }: Node): Tone {
  if (!ready) return 'bad'
  if (pressures.length > 0) return 'warn'
  return unschedulable ? 'info' : 'good'
}
