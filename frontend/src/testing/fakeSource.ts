// A live source in the hands of a test or of the preview.
import { type LiveSource, type LiveState, NOTHING_YET } from '@/api/liveSource'
import { LiveStore } from '@/api/liveStore'

export interface FakeSource extends LiveSource {
  show(part: Partial<LiveState>): void
  readonly retries: number
}

export function fakeSource(start: Partial<LiveState> = {}, authorise?: (key: string) => void): FakeSource {
  const store = new LiveStore(
    () => undefined,
    () => undefined,
  )
  store.update({ ...NOTHING_YET, ...start })
  let retries = 0
  return {
    state: () => store.state(),
    subscribe: (listener) => store.subscribe(listener),
    onActivity: (listener) => store.onActivity(listener),
    retry: () => {
      retries += 1
    },
    show: (part) => store.update(part),
    get retries() {
      return retries
    },
    ...(authorise && { authorise }),
  }
}
