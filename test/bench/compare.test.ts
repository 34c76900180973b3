import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { differences, FIGURES, type RoundFigures } from '../../bench/compare/paired.ts'
import { Random } from '../../bench/random.ts'

const run = promisify(execFile)
const MAIN = fileURLToPath(new URL('../../bench/main.js', import.meta.url))

/** Pairs whose rounds share what the machine does, and differ by little of their own. */
function pairs(rounds: number, factor: number, random: Random): [RoundFigures[], RoundFigures[]] {
  const figures = (speed: number) =>
    Object.fromEntries(FIGURES.map((name) => [name, speed * (0.98 + 0.04 * random.uniform())])) as RoundFigures
  const machine = Array.from({ length: rounds }, () => 1 + 3 * random.uniform())
  return [machine.map(figures), machine.map((speed) => figures(factor * speed))]
}

describe('bench compare', () => {
  it('shows a difference of 5 % where the machine changes by 300 %', () => {
    const random = new Random(1)
    const found = differences(...pairs(12, 1.05, random), 1)
    expect(found.map(({ figure }) => figure)).toEqual([...FIGURES])
    for (const { ratio, low, high, isShown } of found) {
      expect(isShown).toBe(true)
      expect(ratio).toBeCloseTo(1.05, 1)
      expect(low).toBeLessThan(ratio)
      expect(high).toBeGreaterThan(ratio)
    }
  })

  it('shows one of equals in about as few cases as its interval says', () => {
    const random = new Random(2)
    const shown = Array.from({ length: 100 }, (_, seed) => differences(...pairs(12, 1, random), seed)).flat()
    const share = shown.filter(({ isShown }) => isShown).length / shown.length
    expect(share).toBeGreaterThan(0.01)
    expect(share).toBeLessThan(0.13)
  })

  it('leaves out a figure that is 0 in some round', () => {
    const [a, b] = pairs(5, 1, new Random(3))
    a[2].p50Ms = 0
    expect(differences(a, b, 1).map(({ figure }) => figure)).not.toContain('p50Ms')
  })

  it('compares two files of lines, and refuses files that do not pair', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'offerwright-compare-'))
    try {
      const [a, b] = pairs(6, 2, new Random(4))
      const file = async (name: string, rounds: RoundFigures[]) => {
        await writeFile(join(folder, name), rounds.map((round) => `${JSON.stringify(round)}\n`).join(''))
        return join(folder, name)
      }
      const [base, change, short] = [await file('a', a), await file('b', b), await file('short', b.slice(1))]
      const { stdout } = await run(process.execPath, [MAIN, 'compare', base, change, '--json'])
      const report = JSON.parse(stdout)
      expect(report).toMatchObject({ bench: 'compare', rounds: 6, answeredOtherwise: null })
      expect(report.differences[0].ratio).toBeCloseTo(2, 1)
      await expect(run(process.execPath, [MAIN, 'compare', base, short])).rejects.toThrow(/6 rounds of A, 5 of B/)
      await writeFile(short, '{"p50Ms":"fast"}\n')
      await expect(run(process.execPath, [MAIN, 'compare', base, short])).rejects.toThrow(/short:1: \w+ is no number/)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
