import { execFile } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { CLI } from '../support/trained-shop.ts'

const page = new URL('../../../docs/tutorial.md', import.meta.url)

interface Step {
  commands: string
  /** Lines that the output has to hold, in any order. */
  shown: string[]
}

/** Each block of commands with the block of output behind it, if there is one. */
function stepsOf(markdown: string): Step[] {
  const blocks = [...markdown.matchAll(/^```(sh|text)\n([\s\S]*?)^```$/gm)].map(([, kind, text]) => ({ kind, text }))
  return blocks.flatMap(({ kind, text }, i) => {
    if (kind !== 'sh') return []
    const next = blocks[i + 1]
    return [{ commands: text, shown: next?.kind === 'text' ? next.text.trim().split('\n') : [] }]
  })
}

/** Words of one line count, how many blanks are between them does not; `…` stands for anything. */
function pattern(line: string): RegExp {
  const words = line.trim().split(/\s+/)
  return new RegExp(
    words.map((word) => (word === '…' ? '.*' : word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))).join('[ \\t]+'),
  )
}

test('the tutorial does what it says', { timeout: 120_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'offerwright-'))
  const program = join(folder, 'offerwright')
  await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`)
  await chmod(program, 0o755)
  const env = {
    ...process.env,
    OFFERWRIGHT_HOME: undefined,
    OFFERWRIGHT_SHOP: undefined,
    PATH: `${folder}${delimiter}${process.env.PATH}`,
  }
  onTestFinished(() => rm(folder, { recursive: true }))
  const steps = stepsOf(await readFile(page, 'utf8'))
  expect(steps.length).toBeGreaterThan(5)
  for (const { commands, shown } of steps) {
    const { stdout } = await promisify(execFile)('bash', ['-euc', commands], { cwd: folder, env })
    for (const line of shown) expect(stdout).toMatch(pattern(line))
  }
})
