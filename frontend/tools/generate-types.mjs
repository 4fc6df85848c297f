// JSON Schema to TypeScript: writes src/api/generated/*.ts from the schema files that `python -m schema.generate`
// keeps equal to the Structs. With --check nothing is written and a difference ends with exit code 1.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { compile } from 'json-schema-to-typescript'

const SCHEMAS = new URL('../../schema/', import.meta.url)
const GENERATED = new URL('../src/api/generated/', import.meta.url)
const FILES = [
  { schema: 'oracle_state.schema.json', types: 'oracleState.ts', root: 'Snapshot' },
  { schema: 'live.schema.json', types: 'live.ts', root: 'LiveMessage' },
]

/** The compiler knows tuples as older drafts write them: `items` as a list instead of `prefixItems`. */
function withOlderTuples(node) {
  if (Array.isArray(node)) return node.map(withOlderTuples)
  if (node === null || typeof node !== 'object') return node
  const { prefixItems, ...rest } = node
  const plain = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, withOlderTuples(value)]))
  if (prefixItems === undefined) return plain
  return { ...plain, items: withOlderTuples(prefixItems), additionalItems: false }
}

async function typesOf({ schema, root }) {
  const document = withOlderTuples(JSON.parse(await readFile(new URL(schema, SCHEMAS), 'utf8')))
  const { $defs, $ref, title: _title, ...rest } = document
  // A root that only points at its definition would give a second name for the same thing.
  const start = $ref === undefined ? { ...rest, title: root } : { ...$defs[root], title: root }
  return compile({ ...start, $defs }, root, {
    bannerComment: `/* Generated from schema/${schema} by \`npm run generate\`; do not edit. */`,
    additionalProperties: false,
    unknownAny: true,
    format: true,
    style: { semi: false, singleQuote: true, printWidth: 110, tabWidth: 2 },
  })
}

const check = process.argv.includes('--check')
await mkdir(GENERATED, { recursive: true })
for (const file of FILES) {
  const path = new URL(file.types, GENERATED)
  const wanted = await typesOf(file)
  const present = await readFile(path, 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  if (wanted === present) continue
  if (check) {
    process.stderr.write(
      `src/api/generated/${file.types} differs from schema/${file.schema}: run npm run generate\n`,
    )
    process.exitCode = 1
  } else {
    await writeFile(path, wanted)
    process.stdout.write(`wrote src/api/generated/${file.types}\n`)
  }
}
