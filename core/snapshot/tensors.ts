/** Element types of the numeric tables, and the typed array that views each. */

const ARRAYS = {
  U8: Uint8Array,
  I8: Int8Array,
  U16: Uint16Array,
  I16: Int16Array,
  U32: Uint32Array,
  I32: Int32Array,
  U64: BigUint64Array,
  I64: BigInt64Array,
  F32: Float32Array,
  F64: Float64Array,
} as const

export const DTYPES = ['U8', 'I8', 'U16', 'I16', 'U32', 'I32', 'U64', 'I64', 'F32', 'F64'] as const
export type DType = (typeof DTYPES)[number]

export type TensorView<D extends DType = DType> = InstanceType<(typeof ARRAYS)[D]>

export interface Tensor<D extends DType = DType> {
  dtype: D
  shape: number[]
  data: TensorView<D>
}

/** Where a tensor lies, in bytes from the start of whatever holds it. */
export interface TensorExtent {
  dtype: DType
  shape: number[]
  begin: number
  end: number
}

export function isDType(name: unknown): name is DType {
  return DTYPES.some((dtype) => dtype === name)
}

export function bytesPerElement(dtype: DType): number {
  return ARRAYS[dtype].BYTES_PER_ELEMENT
}

/** Elements of a tensor of this shape; a shape of no dimensions is one scalar. */
export function lengthOf(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1)
}

/** A typed array over `buffer`; `pointer` is a multiple of the element's size. */
export function viewOf<D extends DType>(
  dtype: D,
  buffer: ArrayBufferLike,
  pointer: number,
  length: number,
): TensorView<D> {
  const View: new (buffer: ArrayBufferLike, pointer: number, length: number) => TensorView = ARRAYS[dtype]
  return new View(buffer, pointer, length) as TensorView<D>
}
