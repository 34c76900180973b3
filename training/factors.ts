/**
 * Item vectors: item i ↦ row i of V Λ^½, scaled to length 1, with V and Λ the right singular vectors and squared singular
 * values of the normalised interactions (linear/singular.ts). Popularity, the trivial pair, takes no part, so that the
 * cosine of two vectors compares which shoppers, not how many.
 */
import type { Interactions } from './histories.ts'
import { normalised } from './linear/normalised.ts'
import { type SingularParameters, singularVectors } from './linear/singular.ts'

export type FactorParameters = Omit<SingularParameters, 'powersPerIteration'>

/** f32[items, dim]: unit rows, zero for items without interactions. */
export async function itemFactors(
  interactions: Interactions,
  parameters: FactorParameters,
  onDone: (iterations: number) => void = () => undefined,
): Promise<Float32Array<ArrayBuffer>> {
  const { vectors, values } = await singularVectors(
    normalised(interactions),
    { ...parameters, powersPerIteration: 1 },
    onDone,
  )
  return unitRows(vectors, values)
}

/** Rows of V Λ^½ as unit vectors, in place. */
function unitRows(v: Float32Array<ArrayBuffer>, values: Float64Array): Float32Array<ArrayBuffer> {
  const scales = values.map((value) => Math.sqrt(Math.max(0, value)))
  const dim = scales.length
  for (let start = 0; start < v.length; start += dim) {
    let squares = 0
    for (let c = 0; c < dim; c++) squares += (v[start + c] * scales[c]) ** 2
    const by = squares < 1e-24 ? 0 : 1 / Math.sqrt(squares)
    for (let c = 0; c < dim; c++) v[start + c] *= scales[c] * by
  }
  return v
}
