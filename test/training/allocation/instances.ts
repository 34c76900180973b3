/** Instances of allocation from a seed, and what they are worth by looking at everything. */
import { Random } from '../../../bench/random.ts'
import { type AllocationInstance, addUses, dualValue, NOTHING } from '../../../training/allocation/instance.ts'

export interface Shape {
  requests: number
  /** Of a request, at most. */
  actions: number
  resources: number
  /** Of an action. */
  uses: number
  /** Of what would be used without prices. */
  budgetShare: number
  /** Values and uses are whole numbers up to this, so that many tie; 0: they are not whole. */
  whole?: number
  /** Uses below 0 are drawn too. */
  signed?: boolean
}

export function randomInstance(seed: number, shape: Shape): AllocationInstance {
  const random = new Random(seed)
  const number = () => (shape.whole ? 1 + random.below(shape.whole) : 0.05 + random.uniform())
  const starts = [0]
  const value: number[] = []
  const useStart = [0]
  const resource: number[] = []
  const use: number[] = []
  for (let r = 0; r < shape.requests; r++) {
    const actions = random.below(shape.actions + 1)
    for (let a = 0; a < actions; a++) {
      value.push(random.uniform() < 0.2 ? -number() : 4 * number())
      const first = random.below(shape.resources)
      for (let u = 0; u < Math.min(shape.uses, shape.resources); u++) {
        resource.push((first + u) % shape.resources)
        use.push(shape.signed && random.uniform() < 0.3 ? -number() : number())
      }
      useStart.push(use.length)
    }
    starts.push(value.length)
  }
  const instance = {
    actionStart: Uint32Array.from(starts),
    value: Float64Array.from(value),
    useStart: Uint32Array.from(useStart),
    resource: Uint32Array.from(resource),
    use: Float64Array.from(use),
    budget: new Float64Array(shape.resources),
  }
  const used = usesOf(instance, bestAlone(instance))
  instance.budget = used.map((sum) => Math.max(0, shape.budgetShare * sum))
  return instance
}

function bestAlone({ actionStart, value }: AllocationInstance): number[] {
  return Array.from({ length: actionStart.length - 1 }, (_, r) => {
    let best = NOTHING
    for (let a = actionStart[r]; a < actionStart[r + 1]; a++)
      if (value[a] > (best === NOTHING ? 0 : value[best])) best = a
    return best
  })
}

export function usesOf(instance: AllocationInstance, choice: ArrayLike<number>): Float64Array {
  const used = new Float64Array(instance.budget.length)
  for (let r = 0; r < choice.length; r++) addUses(instance, choice[r], 1, used)
  return used
}

/** The least of the dual over every price at which two actions of a request tie, and 0: one of them is optimal. */
export function leastDual(instance: AllocationInstance): number {
  const { actionStart, value, use } = instance
  const prices = [0]
  for (let r = 0; r + 1 < actionStart.length; r++) {
    const lines = [[0, 0]]
    for (let a = actionStart[r]; a < actionStart[r + 1]; a++) lines.push([value[a], use[a]])
    for (const [v, w] of lines) for (const [x, y] of lines) if (w !== y) prices.push((v - x) / (w - y))
  }
  return Math.min(...prices.filter((p) => p >= 0).map((p) => dualValue(instance, Float64Array.of(p))))
}

/** The most that whole choices can be worth: every combination is tried. */
export function bestWhole(instance: AllocationInstance): number {
  const { actionStart, value, budget } = instance
  let best = 0
  const visit = (r: number, worth: number, used: Float64Array): void => {
    if (r === actionStart.length - 1) {
      if (used.every((u, m) => u <= budget[m])) best = Math.max(best, worth)
      return
    }
    visit(r + 1, worth, used)
    for (let a = actionStart[r]; a < actionStart[r + 1]; a++) {
      const more = used.slice()
      addUses(instance, a, 1, more)
      visit(r + 1, worth + value[a], more)
    }
  }
  visit(0, 0, new Float64Array(budget.length))
  return best
}
