/**
 * Several resources: the minimum of the dual g(λ) = λ · B + Σ_r max(0, max_a v_a − λ · w_a) over λ ≥ 0, by descent along
 * its edges. Each step goes along a line to the exact minimum on it and adds the plane that it meets there; in a corner,
 * where no direction inside the planes is left, it leaves the plane of the most negative weight, or is done.
 *
 * Source: the projection method of Bartels, Conn, Sinclair (SIAM Journal on Numerical Analysis 15, 1978) for piecewise
 * linear functions, which is the dual simplex method with long steps. Invariants: g never rises; at the end prices and
 * shares are complementary, so the program's value is known from both sides.
 */
import { type AllocationInstance, addUses, NOTHING, priceActions } from './instance.ts'
import { PriceLine } from './line.ts'
import { boundOf, meetingPoint, nearest, type Plane, refer, type Tie, tieOf } from './planes.ts'

/** Share of all uses below which a gradient, or of a request below which a weight, is rounding. */
const ROUNDING = 1e-10
/** Worth by which an action has to be better before a tie is given up, in mean values. */
const TIED = 1e-11
/** Costs that differ by less, along a direction of length 1, are of actions that use the same. */
const SAME_COST = 1e-11

export class Descent {
  readonly prices: Float64Array
  /** Of each request: the action it takes, or most of it. */
  readonly choice: Int32Array
  /** Further actions of split requests, and prices at 0. */
  planes: Plane[]
  weights: number[] = []
  readonly #instance: AllocationInstance
  readonly #scores: Float64Array
  readonly #costs: Float64Array
  readonly #line: PriceLine

  /** Values and uses are near 1 in the mean. */
  constructor(instance: AllocationInstance, start: Float64Array) {
    const { actionStart, value, budget } = instance
    this.#instance = instance
    this.prices = start.slice()
    this.choice = new Int32Array(actionStart.length - 1).fill(NOTHING)
    this.planes = [...start.keys()].filter((m) => start[m] === 0).map((m) => boundOf(m, budget.length))
    this.#scores = new Float64Array(value.length)
    this.#costs = new Float64Array(value.length)
    this.#line = new PriceLine(actionStart)
  }

  /** False: the prices are optimal. */
  step(): boolean {
    if (this.planes.length === this.prices.length)
      this.prices.set(meetingPoint(this.#instance, this.planes, this.choice))
    priceActions(this.#instance, this.prices, this.#scores)
    this.#choose()
    const { gradient, size } = this.#gradient()
    const { weights, rest } = nearest(this.planes, gradient)
    const direction = norm(rest) > ROUNDING * size ? rest.map((g) => -g) : this.#departure(weights, size)
    if (direction === null) return false
    const length = norm(direction)
    return this.#follow(direction.map((d) => d / length))
  }

  /** Each request's best action; ties that another action has overtaken are given up. */
  #choose(): void {
    const { actionStart } = this.#instance
    const tied = new Map(this.#ties().map(({ request }) => [request, this.#worth(this.choice[request])]))
    const overtaken = new Set<number>()
    for (let r = 0; r < this.choice.length; r++) {
      let best = NOTHING
      let score = 0
      for (let a = actionStart[r]; a < actionStart[r + 1]; a++) {
        if (this.#scores[a] <= score) continue
        best = a
        score = this.#scores[a]
      }
      const held = tied.get(r)
      if (held !== undefined && score <= held + TIED) continue
      if (held !== undefined) overtaken.add(r)
      this.choice[r] = best
    }
    if (overtaken.size > 0)
      this.planes = this.planes.filter((plane) => plane.kind === 'bound' || !overtaken.has(plane.request))
  }

  /** B − Σ_r w_choice(r), and the size of what it is a difference of. */
  #gradient(): { gradient: Float64Array; size: number } {
    const used = new Float64Array(this.prices.length)
    for (const action of this.choice) addUses(this.#instance, action, 1, used)
    return {
      gradient: this.#instance.budget.map((budget, m) => budget - used[m]),
      size: 1 + norm(used) + norm(this.#instance.budget),
    }
  }

  /** Away from the plane along which the dual falls steepest; null where none has a negative weight. */
  #departure(weights: number[], size: number): Float64Array | null {
    refer(this.#instance, this.planes, weights, this.choice)
    this.weights = weights
    let steepest: { plane: Plane; direction: Float64Array; rate: number } | null = null
    for (const [j, plane] of this.planes.entries()) {
      if (weights[j] >= -ROUNDING * (plane.kind === 'bound' ? size : 1)) continue
      const others = this.planes.filter((other) => other !== plane)
      const direction = nearest(others, plane.normal).rest
      const rate = weights[j] * norm(direction)
      if (steepest === null || rate < steepest.rate) steepest = { plane, direction, rate }
    }
    if (steepest === null) return null
    const { plane, direction } = steepest
    this.planes = this.planes.filter((other) => other !== plane)
    return direction
  }

  /** False: along the line the dual does not fall by more than rounding. */
  #follow(direction: Float64Array): boolean {
    const { budget } = this.#instance
    const { t: limit, resource } = this.#firstBound(direction)
    const drift = direction.reduce((sum, d, m) => sum + d * budget[m], 0)
    this.#costsAlong(direction)
    const crossing = this.#line.minimum(this.#scores, this.#costs, drift, limit, SAME_COST)
    if (crossing === null && this.#line.slope >= 0) return false
    const t = crossing?.t ?? limit
    if (t === Number.POSITIVE_INFINITY) return false
    for (let m = 0; m < budget.length; m++) this.prices[m] = Math.max(0, this.prices[m] + t * direction[m])
    if (crossing !== null) this.#meet(crossing.request, crossing.from, crossing.to)
    else if (resource !== null) {
      this.prices[resource] = 0
      this.planes.push(boundOf(resource, budget.length))
    }
    return true
  }

  #firstBound(direction: Float64Array): { t: number; resource: number | null } {
    let first: { t: number; resource: number | null } = { t: Number.POSITIVE_INFINITY, resource: null }
    for (let m = 0; m < direction.length; m++) {
      const t = direction[m] < 0 ? this.prices[m] / -direction[m] : Number.POSITIVE_INFINITY
      if (t < first.t) first = { t, resource: m }
    }
    return first
  }

  /** c = d · w; actions that stay tied along the line are made equal, so that rounding does not let them cross. */
  #costsAlong(direction: Float64Array): void {
    const { useStart, resource, use } = this.#instance
    for (let a = 0; a < this.#costs.length; a++) {
      let cost = 0
      for (let u = useStart[a]; u < useStart[a + 1]; u++) cost += direction[resource[u]] * use[u]
      this.#costs[a] = cost
    }
    for (const request of new Set(this.#ties().map((tie) => tie.request))) {
      const actions = this.#group(request)
      const lead = actions.includes(NOTHING) ? NOTHING : actions[0]
      const [score, cost] = lead === NOTHING ? [0, 0] : [this.#scores[lead], this.#costs[lead]]
      for (const action of actions) {
        if (action === NOTHING) continue
        this.#scores[action] = score
        this.#costs[action] = cost
      }
    }
  }

  /** Adds the tie between two actions of a request. */
  #meet(request: number, from: number, to: number): void {
    if (!this.#group(request).includes(from)) {
      this.planes = this.planes.filter((plane) => plane.kind === 'bound' || plane.request !== request)
      this.choice[request] = from
    }
    this.planes.push(tieOf(this.#instance, request, this.choice[request], to))
  }

  /** The actions among which a request is split. */
  #group(request: number): number[] {
    return [this.choice[request], ...this.#ties().flatMap((tie) => (tie.request === request ? [tie.action] : []))]
  }

  #ties(): Tie[] {
    return this.planes.filter((plane) => plane.kind === 'tie')
  }

  #worth(action: number): number {
    return action === NOTHING ? 0 : this.#scores[action]
  }
}

function norm(vector: Float64Array): number {
  return Math.hypot(...vector)
}
