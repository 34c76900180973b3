/**
 * The kernel against the same loops in C (bench/kernel.c, `-O3`), on the same bytes: time per non-zero that is added up. Both sides
 * take turns, round by round; the ratio is the median over rounds. What both find is compared first, to the bit.
 */
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { instantiateKernel } from '../core/native/kernel.ts'
import { accumulateCase, type CCase, similarityInC } from './kernel-c-cases.ts'
import { median } from './statistics.ts'

export interface KernelCRow {
  name: string
  kernelNanosPerNonZero: number
  cNanosPerNonZero: number
  /** Median over the rounds of kernel time / C time. */
  ratio: number
}

const SOURCE = fileURLToPath(new URL('../../bench/kernel.c', import.meta.url))
/** No contraction, so that sums are rounded as in WebAssembly; scores are read as words and as floats. */
const FLAGS = ['-O3', '-ffp-contract=off', '-fno-strict-aliasing']
const MEMORY_PAGES = 2048

/** A message instead of rows where there is no C compiler. */
export async function benchKernelInC(items: number, rounds: number): Promise<KernelCRow[] | string> {
  const folder = mkdtempSync(join(tmpdir(), 'offerwright-kernel-c-'))
  try {
    const program = join(folder, 'kernel')
    if (!compiles(program)) return 'no gcc: the kernel is not compared with C'
    const rows: KernelCRow[] = []
    for (const make of [accumulateCase, similarityInC]) {
      const memory = new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES, shared: true })
      const work = make(instantiateKernel(memory), memory, items)
      const image = join(folder, 'memory')
      writeFileSync(image, new Uint8Array(memory.buffer))
      rows.push(await measured(work, new Program(program, image), rounds))
    }
    return rows
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function compiles(program: string): boolean {
  try {
    execFileSync('gcc', [...FLAGS, '-o', program, SOURCE], { stdio: ['ignore', 'ignore', 'inherit'] })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

async function measured(work: CCase, program: Program, rounds: number): Promise<KernelCRow> {
  try {
    const [kernel, inC]: number[][] = [[], []]
    const expected = work.digest()
    for (let round = 0; round <= rounds; round++) {
      const nanosOfKernel = work.run() / (work.calls * work.nonZeros)
      const { nanos, digest } = await program.run(work.command)
      if (digest !== expected) throw new Error(`${work.name}: C finds ${digest}, the kernel ${expected}: no figures`)
      if (round === 0) continue
      kernel.push(nanosOfKernel)
      inC.push(nanos / (work.calls * work.nonZeros))
    }
    return {
      name: work.name,
      kernelNanosPerNonZero: median(kernel),
      cNanosPerNonZero: median(inC),
      ratio: median(kernel.map((nanos, round) => nanos / inC[round])),
    }
  } finally {
    program.stop()
  }
}

/** The compiled program, with a copy of the kernel's memory; a command a line. */
class Program {
  readonly #process
  readonly #answers: Interface

  constructor(program: string, image: string) {
    this.#process = spawn(program, [image], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#answers = createInterface(this.#process.stdout)
  }

  run(command: string): Promise<{ nanos: number; digest: number }> {
    return new Promise((resolve, reject) => {
      this.#process.once('exit', (code) => reject(new Error(`the C program ended with ${code}`)))
      this.#answers.once('line', (line) => {
        this.#process.removeAllListeners('exit')
        const [nanos, digest] = line.split(' ').map(Number)
        resolve({ nanos, digest })
      })
      this.#process.stdin.write(`${command}\n`)
    })
  }

  stop(): void {
    this.#process.stdin.end()
  }
}

export function renderKernelInC(rows: KernelCRow[] | string): string {
  if (typeof rows === 'string') return rows
  return rows
    .map(
      ({ name, kernelNanosPerNonZero, cNanosPerNonZero, ratio }) =>
        `${name}: ${kernelNanosPerNonZero.toFixed(2)} ns a non-zero, C ${cNanosPerNonZero.toFixed(2)} ns: ${ratio.toFixed(2)}×`,
    )
    .join('\n')
}
