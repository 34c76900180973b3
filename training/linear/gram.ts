/** A symmetric matrix, row-major width × width, of which the upper triangle is given. */
export function mirrored(upper: Float64Array, width: number): Float64Array {
  const whole = upper.slice()
  for (let x = 0; x < width; x++) for (let y = 0; y < x; y++) whole[x * width + y] = whole[y * width + x]
  return whole
}
