/**
 * Approximate nearest neighbours by inner product: a Hierarchical Navigable Small World graph
 * (Malkov, Yashunin, TPAMI 2020) by hnswlib. The label of a vector is its item index.
 *
 * Points are inserted in index order on one thread with a seeded level generator, so the same vectors and seed
 * give the same file. A file must have been verified before it is opened: hnswlib trusts its bytes.
 */
import hnswlib from 'hnswlib-node'
import { besideThroughGate, throughGate } from './threads.ts'

export interface AnnParameters {
  /** Links of a node on each level but the lowest, which has twice as many. */
  m: number
  /** Size of the candidate list while inserting. */
  efConstruction: number
  seed: number
}

export interface AnnNeighbours {
  /** Nearest first. */
  items: number[]
  /** 1 − inner product. */
  distances: number[]
}

/** Insertions between two reports of progress. */
const REPORT_EVERY = 5_000

export class AnnIndex {
  readonly #graph: hnswlib.HierarchicalNSW

  private constructor(graph: hnswlib.HierarchicalNSW) {
    this.#graph = graph
  }

  /** `vectors`: f32[n, dim] in rows. */
  static build(
    vectors: Float32Array,
    dim: number,
    parameters: AnnParameters,
    onProgress: (done: number, total: number) => void = () => undefined,
  ): AnnIndex {
    const n = vectors.length / dim
    const graph = new hnswlib.HierarchicalNSW('ip', dim)
    graph.initIndex(n, parameters.m, parameters.efConstruction, parameters.seed)
    for (let item = 0; item < n; item++) {
      graph.addPoint(Array.from(vectors.subarray(item * dim, (item + 1) * dim)), item)
      if (item % REPORT_EVERY === 0) onProgress(item, n)
    }
    return new AnnIndex(graph)
  }

  /** `efSearch`: size of the candidate list of a search; larger is slower and finds more of the true neighbours. */
  static open(file: string, dim: number, efSearch: number): AnnIndex {
    const graph = new hnswlib.HierarchicalNSW('ip', dim)
    throughGate(() => graph.readIndexSync(file))
    graph.setEf(efSearch)
    return new AnnIndex(graph)
  }

  /** The same while this thread goes on with other work: of a million vectors the file takes 0.7 s to read. */
  static async openBeside(file: string, dim: number, efSearch: number): Promise<AnnIndex> {
    const graph = new hnswlib.HierarchicalNSW('ip', dim)
    await besideThroughGate(() => graph.readIndex(file))
    graph.setEf(efSearch)
    return new AnnIndex(graph)
  }

  write(file: string): void {
    this.#graph.writeIndexSync(file)
  }

  get size(): number {
    return this.#graph.getCurrentCount()
  }

  /** `isWanted`: asked of every item that the search meets; fewer than `k` may come back then. */
  search(query: ArrayLike<number>, k: number, isWanted?: (item: number) => boolean): AnnNeighbours {
    const found = throughGate(() => this.#graph.searchKnn(Array.from(query), Math.min(k, this.size), isWanted))
    return { items: found.neighbors, distances: found.distances }
  }
}
