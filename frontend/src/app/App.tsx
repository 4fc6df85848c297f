// The page: the header, and below it the panels, or the form for the key where one is needed.
import type { ReactNode } from 'react'
import { useLive } from '@/api/live'
import { Fallible } from '@/components/Fallible'
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
      <Guarded of="The connection">
        <Header />
      </Guarded>
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
      <Guarded of="The agents">
        <AgentGrid />
      </Guarded>
      <div className="grid gap-4 lg:grid-cols-3">
        <Guarded of="The consumer lag">
          <ConsumerLagPanel />
        </Guarded>
        <Guarded of="The LLM spend">
          <SpendPanel />
        </Guarded>
        <Guarded of="The sources">
          <SourcesPanel />
        </Guarded>
      </div>
    </>
  )
}

function Guarded({ of, children }: { of: string; children: ReactNode }) {
  const snapshot = useLive((state) => state.snapshot)
  return (
    <Fallible of={of} until={snapshot}>
      {children}
    </Fallible>
  )
}
