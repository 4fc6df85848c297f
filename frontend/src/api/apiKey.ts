// The API key of this browser tab: in sessionStorage, so that it ends with the tab, and never in an address.
const NAME = 'oracle-monitor.api-key'

export function readApiKey(): string | undefined {
  return sessionStorage.getItem(NAME) ?? undefined
}

export function keepApiKey(key: string): void {
  sessionStorage.setItem(NAME, key)
}
