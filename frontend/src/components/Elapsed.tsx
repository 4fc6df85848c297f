// How long ago something was, counting on by itself.
import { useServerNow } from '@/api/clock'
import { duration } from './units'

export function Elapsed({ since }: { since: string }) {
  const seconds = Math.max(0, Math.floor((useServerNow() - Date.parse(since)) / 1000))
  return (
    <time dateTime={since} title={since} className="tabular-nums">
      {duration(seconds)}
    </time>
  )
}
