// Where a consumer group stands in each partition, the worst first, a page at a time.
import { useMemo } from 'react'
import type { GroupPartition } from '@/api/generated/oracleState'
import { Badge } from '@/components/Badge'
import { readable } from '@/components/names'
import { Pager, usePages } from '@/components/Pager'
import { Behind, CatchUp, Messages } from './Lag'
import { worstPartitionsFirst } from './order'
import { doubtOf, VERDICT_MEANS, VERDICT_TONE } from './verdicts'

const PARTITIONS_A_PAGE = 10
const COLUMNS = ['Partition', 'Lag', 'Verdict', 'Committed', 'End'] as const

interface PartitionTableProps {
  readonly of: string
  readonly partitions: readonly GroupPartition[]
  /** How many more there are, which the snapshot does not hold. */
  readonly leftOut: number
}

export function PartitionTable({ of, partitions, leftOut }: PartitionTableProps) {
  const ordered = useMemo(() => worstPartitionsFirst(partitions), [partitions])
  const pages = usePages(ordered, PARTITIONS_A_PAGE)
  const name = readable(of)
  return (
    <div className="flex flex-col gap-2">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section tabIndex={0} aria-label={`Table of the partitions of ${name}`} className="overflow-x-auto">
        <table className="figure-table" aria-label={`Partitions of ${name}`}>
          <thead>
            <tr>
              {COLUMNS.map((column) => (
                <th key={column} scope="col">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {pages.shown.map((partition) => (
              <PartitionRow key={`${partition.topic} ${partition.partition}`} partition={partition} />
            ))}
          </tbody>
        </table>
      </section>
      <Pager of={`partitions of ${name}`} pages={pages} />
      {leftOut > 0 && (
        <p className="text-muted text-xs">
          {leftOut.toLocaleString('en')} more with less lag are counted in the sums and not listed.
        </p>
      )}
    </div>
  )
}

function PartitionRow({ partition }: { partition: GroupPartition }) {
  const { topic, committed_offset, end_offset, verdict } = partition
  const doubt = doubtOf(partition)
  return (
    <tr>
      <th scope="row">
        {readable(topic)} · {partition.partition}
        {doubt !== undefined && <span className="doubt">{doubt}</span>}
      </th>
      <td>
        <Messages of={partition} />
        {partition.lag_messages !== undefined && (
          <span className="block text-muted text-xs">
            <Behind of={partition} />
            <span className="block empty:hidden">
              <CatchUp of={partition} />
            </span>
          </span>
        )}
      </td>
      <td>
        {verdict === undefined ? (
          <span className="text-muted">unknown</span>
        ) : (
          <span title={VERDICT_MEANS[verdict]}>
            <Badge tone={VERDICT_TONE[verdict]}>{verdict}</Badge>
          </span>
        )}
      </td>
      <td>{committed_offset?.toLocaleString('en') ?? 'none'}</td>
      <td>{end_offset.toLocaleString('en')}</td>
    </tr>
  )
}
