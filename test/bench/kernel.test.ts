import { expect, it } from 'vitest'
import { benchAnn } from '../../bench/ann.ts'
import { benchKernel, renderKernel } from '../../bench/kernel.ts'

it('bench kernel finds the kernel, plain JavaScript and C of one mind, or says that there is no compiler', async () => {
  const report = await benchKernel({ items: 3000, rounds: 1 })
  expect(report.beside.map(({ name }) => name)).toHaveLength(4)
  for (const { timesFaster } of report.beside) expect(timesFaster).toBeGreaterThan(0)
  if (typeof report.inC === 'string') expect(report.inC).toMatch(/no gcc/)
  else for (const { ratio } of report.inC) expect(ratio).toBeGreaterThan(0)
  expect(renderKernel(report)).toMatch(/times faster/)
})

it('bench index finds more neighbours with a longer list of candidates, and nearly all with the longest', async () => {
  const { rows } = await benchAnn({ items: 2000, queries: 50, rounds: 1, seed: 1 }, () => {})
  const recalls = rows.map(({ recallAt10 }) => recallAt10)
  expect(recalls.every((recall) => recall > 0 && recall <= 1)).toBe(true)
  expect(recalls.at(-1)).toBeGreaterThan(0.98)
  expect(recalls.at(-1)).toBeGreaterThanOrEqual(recalls[0])
})
