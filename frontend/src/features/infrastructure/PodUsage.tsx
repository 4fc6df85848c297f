// What a pod uses: CPU and memory against their bounds, network and I/O as rates.
import type { Pod, Workload } from '@/api/generated/oracleState'
import { useLive } from '@/api/live'
import { Explained } from '@/components/Explained'
import { Gauge } from '@/components/Gauge'
import { Metric } from '@/components/Metric'
import { bytesPerSecond } from '@/components/units'
import { type Measured, whyMissing } from './whyMissing'

interface PodUsageProps {
  readonly pod: Pod
  readonly runtime: Workload['runtime']
}

export function PodUsage({ pod, runtime }: PodUsageProps) {
  return (
    <>
      <div className="grid grid-cols-2 gap-x-4">
        <Use
          name="CPU"
          value={pod.cpu}
          limit={pod.cpu_limit}
          request={pod.cpu_request}
          unit="m"
          unitInFull="millicores"
          runtime={runtime}
        />
        <Use
          name="Memory"
          value={pod.memory}
          limit={pod.memory_limit}
          request={pod.memory_request}
          unit="MiB"
          unitInFull="MiB"
          runtime={runtime}
        />
      </div>
      <Rates pod={pod} runtime={runtime} />
    </>
  )
}

interface UseProps {
  readonly name: string
  readonly value: number | undefined
  readonly limit: number | undefined
  readonly request: number | undefined
  readonly unit: string
  readonly unitInFull: string
  readonly runtime: Workload['runtime']
}

/** A gauge against the limit, else against the request; without either a number; without that, why not. */
function Use({ name, value, limit, request, unit, unitInFull, runtime }: UseProps) {
  if (value === undefined) return <NoMetrics name={name} runtime={runtime} measured="usage" />
  const words = { name, value, unit, unitInFull }
  if (limit) return <Gauge {...words} bound={limit} against="limit" />
  if (request) return <Gauge {...words} bound={request} against="request" />
  return (
    <dl>
      <Metric
        name={`${name}, no limit`}
        value={value.toLocaleString('en')}
        unit={unit}
        unitInFull={unitInFull}
      />
    </dl>
  )
}

interface NoMetricsProps {
  readonly name: string
  readonly runtime: Workload['runtime']
  readonly measured: Measured
}

function NoMetrics({ name, runtime, measured }: NoMetricsProps) {
  const reason = useLive((state) => state.snapshot && whyMissing(state.snapshot.sources, runtime, measured))
  return (
    <div className="min-w-0">
      <p className="text-[0.7rem] text-muted">{name}</p>
      {reason === undefined ? (
        <p className="text-muted text-sm">
          no metrics<span className="sr-only">: nothing has been reported yet</span>
        </p>
      ) : (
        <Explained word="no metrics" label={`${name}: no metrics`} reason={reason} />
      )}
    </div>
  )
}

function Rates({ pod, runtime }: PodUsageProps) {
  const rates = [
    ['Network in', pod.network_rx_bytes_per_second],
    ['Network out', pod.network_tx_bytes_per_second],
    ['Disk read', pod.io_read_bytes_per_second],
    ['Disk write', pod.io_write_bytes_per_second],
  ] as const
  const known = rates.filter(([, value]) => value !== undefined)
  const hasNetwork = known.some(([name]) => name.startsWith('Network'))
  return (
    <>
      {known.length > 0 && (
        <dl aria-label="Rates" className="grid grid-cols-2 gap-x-4 gap-y-1">
          {known.map(([name, value]) => (
            <Metric key={name} name={name} value={bytesPerSecond(value)} />
          ))}
        </dl>
      )}
      {!hasNetwork && runtime === 'kubernetes' && (
        <NoMetrics name="Network" runtime={runtime} measured="network" />
      )}
    </>
  )
}
