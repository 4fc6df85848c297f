// Before each test file: matchers that speak of the page, and a page that is empty after each test.
import '@testing-library/jest-dom/vitest'
import { cleanup } from '@testing-library/react'
import { afterEach } from 'vitest'
import { memoryStorage } from './storage'

globalThis.sessionStorage ??= memoryStorage()

afterEach(() => {
  cleanup()
  sessionStorage.clear()
})
