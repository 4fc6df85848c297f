// What keeps a fault in one part of the page from taking the page: the part says so, and the rest stays.
import { Component, type ReactNode } from 'react'
import { Notice } from './Notice'

interface FallibleProps {
  /** What is inside, as the end of a sentence: “The agents cannot be shown”. */
  readonly of: string
  /** After a fault the inside is tried again when this changes. */
  readonly until: unknown
  readonly children: ReactNode
}

interface FallibleState {
  readonly failed: boolean
  readonly until: unknown
}

export class Fallible extends Component<FallibleProps, FallibleState> {
  override state: FallibleState = { failed: false, until: this.props.until }

  static getDerivedStateFromError(): Partial<FallibleState> {
    return { failed: true }
  }

  static getDerivedStateFromProps(
    { until }: FallibleProps,
    state: FallibleState,
  ): Partial<FallibleState> | null {
    return until === state.until ? null : { failed: false, until }
  }

  override render() {
    if (!this.state.failed) return this.props.children
    return (
      <div role="alert" className="glass rounded-3xl p-4 sm:p-5">
        <Notice title={`${this.props.of} cannot be shown`}>
          What the server sent is not what this dashboard knows: /api/v1/oracle/validate says where. It is
          tried again with the next snapshot.
        </Notice>
      </div>
    )
  }
}
