// Builds the dashboard into dist/ (served by the API), serves it at 5173 in development, and runs its tests.
import { fileURLToPath } from 'node:url'
import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

const API = process.env.ORACLE_API_URL ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  server: { host: '127.0.0.1', port: 5173, strictPort: true, proxy: { '/api': API } },
  // Inlined assets would need `data:` in the Content-Security-Policy, and the preload polyfill is not needed
  // by the browsers that Vite targets.
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/testing/setup.ts'],
    restoreMocks: true,
    // The machine that runs these has two cores, and other suites run beside them.
    maxWorkers: 2,
    testTimeout: 30_000,
  },
})
