/**
 * The kernel against the same work in plain JavaScript and the same loops in C, in one run: `npm run bench -- kernel`.
 * Every answer is compared with the plain one first; a wrong answer throws and no speed is printed. The two sides take
 * turns, so that a noisy machine slows both, and the ratio is the median over the rounds.
 */
import { instantiateKernel } from '../core/native/kernel.ts'
import { benchKernelInC, type KernelCRow, renderKernelInC } from './kernel-c.ts'
import { chooseCase, dotCase, historyCase, type KernelCase, similarityCase } from './kernel-cases.ts'
import { median } from './statistics.ts'

export interface KernelBenchOptions {
  items?: number
  rounds?: number
}

export interface KernelBenchRow {
  name: string
  /** Medians of one call, in microseconds. */
  kernelMicros: number
  plainMicros: number
  /** Median over the rounds of plain time / kernel time. */
  timesFaster: number
}

export interface KernelReport {
  bench: 'kernel'
  beside: KernelBenchRow[]
  /** A message where there is no C compiler. */
  inC: KernelCRow[] | string
}

const MEMORY_PAGES = 2048

export async function benchKernel({ items = 100_000, rounds = 15 }: KernelBenchOptions = {}): Promise<KernelReport> {
  const memory = new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES, shared: true })
  const kernel = instantiateKernel(memory)
  const cases = [historyCase, dotCase, similarityCase, chooseCase]
  const beside = cases.map((make) => measured(make(kernel, memory, items), rounds))
  return { bench: 'kernel', beside, inC: await benchKernelInC(items, rounds) }
}

export function renderKernel({ beside, inC }: KernelReport): string {
  return [...beside.map(renderRow), renderKernelInC(inC)].join('\n')
}

function renderRow({ name, kernelMicros, plainMicros, timesFaster }: KernelBenchRow): string {
  const [kernel, plain] = [kernelMicros.toFixed(2), plainMicros.toFixed(2)]
  return `${name}: ${kernel} µs, plain JavaScript ${plain} µs, ${timesFaster.toFixed(1)} times faster`
}

function measured(work: KernelCase, rounds: number): KernelBenchRow {
  refuseWrongAnswer(work)
  const kernel: number[] = []
  const plain: number[] = []
  for (let round = 0; round < rounds; round++) {
    kernel.push(microsPerCall(work.kernel, work.kernelCalls))
    plain.push(microsPerCall(work.plain, work.plainCalls))
  }
  const ratios = kernel.map((micros, round) => plain[round] / micros)
  return {
    name: work.name,
    kernelMicros: median(kernel),
    plainMicros: median(plain),
    timesFaster: median(ratios),
  }
}

/** Indexes must be equal, numbers equal to 1e-5: the two sides round their sums differently. */
function refuseWrongAnswer(work: KernelCase): void {
  const found = work.kernel()
  const expected = work.plain()
  const wrong = expected.findIndex((value, at) => !(Math.abs(found[at] - value) <= 1e-5 * Math.max(1, Math.abs(value))))
  if (found.length !== expected.length || wrong !== -1)
    throw new Error(`${work.name}: wrong answer at ${wrong}: ${found[wrong]}, expected ${expected[wrong]}`)
}

function microsPerCall(call: () => unknown, calls: number): number {
  const start = process.hrtime.bigint()
  for (let i = 0; i < calls; i++) call()
  return Number(process.hrtime.bigint() - start) / 1000 / calls
}
