// The page: the header, and below it the panels, or the form for the key where one is needed.
import { useLive } from '@/api/live'
import { AgentGrid } from '@/features/agent-grid/AgentGrid'
import { KeyForm } from '@/features/api-key/KeyForm'
import { ConsumerLagPanel } from '@/features/consumer-lag/ConsumerLagPanel'
import { Header } from '@/features/header/Header'
import { SourcesPanel } from '@/features/sources/SourcesPanel'
import { SpendPanel } from '@/features/spend/SpendPanel'

export function App() {
  const needsKey = useLive((state) => state.connection === 'unauthorised')
  const hasState = useLive((state) => state.snapshot !== undefined)
  return (
    <div className="mx-auto flex min-h-dvh max-w-[110rem] flex-col gap-4 p-3 sm:p-5">
      <Header />
      <main className="flex flex-col gap-4">
        {needsKey && <KeyForm />}
        {(hasState || !needsKey) && <Panels />}
      </main>
    </div>
  )
}

function Panels() {
  return (
    <>
      <AgentGrid />
      <div className="grid gap-4 lg:grid-cols-3">
        <ConsumerLagPanel />
        <SpendPanel />
        <SourcesPanel />
      </div>
    </>
  )
}
