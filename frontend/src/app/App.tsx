// The page: the header, and below it the panels, or the form for the key where one is needed.
import type { ReactNode } from 'react'
import { useLive } from '@/api/live'
import { Fallible } from '@/components/Fallible'
import { AgentGrid } from '@/features/agent-grid/AgentGrid'
import { AlertBar } from '@/features/alerts/AlertBar'
import { KeyForm } from '@/features/api-key/KeyForm'
import { ConsumerLagPanel } from '@/features/consumer-lag/ConsumerLagPanel'
import { Header } from '@/features/header/Header'
import { InfrastructurePanel } from '@/features/infrastructure/InfrastructurePanel'
import { MessageFlowPanel } from '@/features/message-flow/MessageFlowPanel'
import { NodesPanel } from '@/features/nodes/NodesPanel'
import { SourcesPanel } from '@/features/sources/SourcesPanel'
import { SpendPanel } from '@/features/spend/SpendPanel'
import { WarningEventsPanel } from '@/features/warning-events/WarningEventsPanel'

export function App() {
  const needsKey = useLive((state) => state.connection === 'unauthorised')
  const hasState = useLive((state) => state.snapshot !== undefined)
  return (
    <div className="mx-auto flex min-h-dvh max-w-[110rem] flex-col gap-4 p-3 sm:p-5">
      <Guarded of="The connection">
        <Header />
      </Guarded>
      <Guarded of="The alerts">
        <AlertBar />
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
      <Guarded of="The infrastructure">
        <InfrastructurePanel />
      </Guarded>
      <div className="grid gap-4 lg:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]">
        <Guarded of="The warning events">
          <WarningEventsPanel />
        </Guarded>
        <Guarded of="The nodes">
          <NodesPanel />
        </Guarded>
      </div>
      <div className="grid gap-4 xl:grid-cols-2">
        <Guarded of="The message flow">
          <MessageFlowPanel />
        </Guarded>
        <Guarded of="The consumer lag">
          <ConsumerLagPanel />
        </Guarded>
      </div>
      <div className="grid gap-4 lg:grid-cols-2">
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
