// The dashboard in each of its states, without a server: `npm run dev`, then /preview.html?state=…
import { createRoot } from 'react-dom/client'
import { LiveProvider } from '@/api/live'
import type { LiveState } from '@/api/liveSource'
import { App } from '@/app/App'
import '@/app/index.css'
import { aSickCluster, withPods } from './cluster'
import { fakeSource } from './fakeSource'
import { aSickBroker, withGroups } from './kafka'
import { aTightDay } from './llm'
import { anEmptySnapshot, aSnapshot, withAgents } from './snapshot'

const now = Date.now()
const STATES: Record<string, Partial<LiveState>> = {
  live: { connection: 'live', snapshot: aSnapshot(now) },
  many: { connection: 'live', snapshot: withAgents(200, now) },
  cluster: { connection: 'live', snapshot: aSickCluster(now) },
  pods: { connection: 'live', snapshot: withPods(10_000, 10, now) },
  crowd: { connection: 'live', snapshot: withPods(10_000, 10_000, now) },
  broker: { connection: 'live', snapshot: aSickBroker(now) },
  llm: { connection: 'live', snapshot: aTightDay(now) },
  groups: { connection: 'live', snapshot: withGroups(10_000, now) },
  empty: { connection: 'live', snapshot: anEmptySnapshot(now) },
  loading: { connection: 'connecting' },
  stale: { connection: 'stale', snapshot: aSnapshot(now - 95_000), error: 'No new snapshot is made.' },
  error: { connection: 'reconnecting', error: 'The server cannot be reached.' },
  key: { connection: 'unauthorised', error: 'An API key is needed.' },
}

const wanted = new URLSearchParams(window.location.search).get('state') ?? 'live'
const root = document.getElementById('root')
if (root === null) throw new Error('the page has no element with the id root')
createRoot(root).render(
  <LiveProvider source={fakeSource(STATES[wanted] ?? STATES.live, () => undefined)}>
    <App />
  </LiveProvider>,
)
