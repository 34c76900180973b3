/** The linear program of an allocation, solved by HiGHS: the oracle of our own solvers. */
import { createRequire } from 'node:module'
import type { Highs, ModelData } from 'highs'
import type { AllocationInstance } from '../../training/allocation/instance.ts'

/** As CommonJS: the package types its ES module as one, so that an import of it does not compile. */
const { default: loadHighs } = createRequire(import.meta.url)('highs') as typeof import('highs')

export interface OracleSolution {
  objective: number
  /** Of each resource, not negative. */
  dualPrices: Float64Array
}

/** Exact to HiGHS' tolerances, here 1e-10. Throws where HiGHS does not call its solution optimal. No actions, no worth. */
export async function solveByHighs(instance: AllocationInstance): Promise<OracleSolution> {
  if (instance.value.length === 0) return { objective: 0, dualPrices: new Float64Array(instance.budget.length) }
  const highs = await loadHighs()
  return highs.withModel(modelOf(instance, highs), (model) => {
    model.options.set({
      output_flag: false,
      primal_feasibility_tolerance: 1e-10,
      dual_feasibility_tolerance: 1e-10,
    })
    model.run()
    const status = model.getModelStatus()
    if (status !== highs.constants.modelStatus.optimal) throw new Error(`HiGHS: model status ${status}`)
    const { rowDual } = model.getSolution()
    return {
      objective: model.getObjectiveValue(),
      dualPrices: Float64Array.from(instance.budget, (_, m) => Math.max(0, rowDual[m])),
    }
  })
}

/** Rows: the resources, then the requests. Columns: the actions. */
function modelOf(instance: AllocationInstance, highs: Highs): ModelData {
  const { actionStart, value, useStart, resource, use, budget } = instance
  const requests = actionStart.length - 1
  const numRows = budget.length + requests
  const starts = new Int32Array(value.length + 1)
  const indices = new Int32Array(use.length + value.length)
  const values = new Float64Array(indices.length)
  let k = 0
  for (let r = 0; r < requests; r++)
    for (let a = actionStart[r]; a < actionStart[r + 1]; a++) {
      for (let u = useStart[a]; u < useStart[a + 1]; u++) {
        indices[k] = resource[u]
        values[k++] = use[u]
      }
      indices[k] = budget.length + r
      values[k++] = 1
      starts[a + 1] = k
    }
  return {
    numCols: value.length,
    numRows,
    sense: highs.constants.objectiveSense.maximize,
    colCost: value,
    colLower: new Float64Array(value.length),
    colUpper: new Float64Array(value.length).fill(highs.infinity),
    rowLower: new Float64Array(numRows).fill(-highs.infinity),
    rowUpper: Float64Array.from({ length: numRows }, (_, row) => (row < budget.length ? budget[row] : 1)),
    matrix: { format: 'csc', numRows, numCols: value.length, starts, indices, values },
  }
}
