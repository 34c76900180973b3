/**
 * The planes of prices in which a descent stands: ties, where two actions of a request are worth the same, and bounds,
 * where a price is 0. With a reference action ref of each request the dual's subgradients there are
 *
 *   B − Σ_r w_ref(r) − Σ_ties y_a (w_a − w_ref) − Σ_bounds y_m e_m
 *
 * with y ≥ 0, and Σ y_a ≤ 1 over the ties of a request, whose reference has the rest. The prices are optimal when such
 * weights y give 0.
 */
import { Matrix, QrDecomposition, solve } from 'ml-matrix'
import { type AllocationInstance, addUses, NOTHING } from './instance.ts'

export interface Tie {
  kind: 'tie'
  request: number
  /** Tied with the request's reference. */
  action: number
  /** w_action − w_reference. */
  normal: Float64Array
}

export interface Bound {
  kind: 'bound'
  resource: number
  normal: Float64Array
}

export type Plane = Tie | Bound

export function tieOf(instance: AllocationInstance, request: number, reference: number, action: number): Tie {
  const normal = new Float64Array(instance.budget.length)
  addUses(instance, action, 1, normal)
  addUses(instance, reference, -1, normal)
  return { kind: 'tie', request, action, normal }
}

export function boundOf(resource: number, resources: number): Bound {
  const normal = new Float64Array(resources)
  normal[resource] = 1
  return { kind: 'bound', resource, normal }
}

/** The weights of the planes that come nearest to `vector`, and what of it lies outside of their span. */
export function nearest(planes: Plane[], vector: Float64Array): { weights: number[]; rest: Float64Array } {
  if (planes.length === 0) return { weights: [], rest: vector.slice() }
  const normals = new Matrix(planes.map(({ normal }) => [...normal])).transpose()
  const weights = new QrDecomposition(normals).solve(Matrix.columnVector([...vector])).to1DArray()
  const rest = vector.slice()
  if (planes.length === vector.length) rest.fill(0)
  else
    for (const [j, { normal }] of planes.entries())
      for (let m = 0; m < rest.length; m++) rest[m] -= weights[j] * normal[m]
  return { weights, rest: inside(planes, rest) }
}

/** Rounding must not move a price off its bound. */
function inside(planes: Plane[], direction: Float64Array): Float64Array {
  for (const plane of planes) if (plane.kind === 'bound') direction[plane.resource] = 0
  return direction
}

/** Makes the action of the largest weight the reference of its request, so that every plane's weight is its action's. */
export function refer(instance: AllocationInstance, planes: Plane[], weights: number[], choice: Int32Array): void {
  for (const request of new Set(planes.map((plane) => (plane.kind === 'tie' ? plane.request : NOTHING)))) {
    if (request === NOTHING) continue
    const ties = planes.flatMap((plane, j) => (plane.kind === 'tie' && plane.request === request ? [j] : []))
    const rest = 1 - ties.reduce((sum, j) => sum + weights[j], 0)
    const heaviest = ties.reduce((best, j) => (weights[j] > weights[best] ? j : best))
    if (weights[heaviest] <= rest) continue
    const before = choice[request]
    choice[request] = (planes[heaviest] as Tie).action
    weights[heaviest] = rest
    for (const j of ties) {
      const action = j === heaviest ? before : (planes[j] as Tie).action
      planes[j] = tieOf(instance, request, choice[request], action)
    }
  }
}

/** The prices where all planes meet; there are as many as resources. */
export function meetingPoint({ value }: AllocationInstance, planes: Plane[], choice: Int32Array): Float64Array {
  const worth = (action: number) => (action === NOTHING ? 0 : value[action])
  const gaps = planes.map((plane) => (plane.kind === 'bound' ? 0 : worth(plane.action) - worth(choice[plane.request])))
  const normals = new Matrix(planes.map(({ normal }) => [...normal]))
  return Float64Array.from(solve(normals, Matrix.columnVector(gaps)).to1DArray(), (price) => Math.max(0, price))
}
