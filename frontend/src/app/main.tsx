// Where the page begins.
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { LiveProvider } from '@/api/live'
import { App } from './App'
import { chooseSource } from './chooseSource'
import './index.css'

const root = document.getElementById('root')
if (root === null) throw new Error('the page has no element with the id root')

const source = await chooseSource(import.meta.env, window.location.search)

createRoot(root).render(
  <StrictMode>
    <LiveProvider source={source}>
      <App />
    </LiveProvider>
  </StrictMode>,
)
