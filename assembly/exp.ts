/**
 * e^x for x <= 0, in f64, error below 1 ulp for normal results.
 *
 * Sun Microsystems, FreeBSD msun e_exp.c: x = k·ln 2 + r with |r| <= ln 2 / 2; the Remez polynomial c(r) gives
 * e^r = 1 + (r·c / (2 - c) + r); the result is e^r · 2^k. Only additions, multiplications and one division: the same bits
 * on any CPU. The standard library's exp reads a table that lies in a data segment, which the kernel must not have.
 */
const LN2_HIGH: f64 = 6.9314718036912381649e-1
const LN2_LOW: f64 = 1.90821492927058770002e-10
const INVERSE_LN2: f64 = 1.442695040888963387
const P1: f64 = 1.66666666666666019037e-1
const P2: f64 = -2.77777777770155933842e-3
const P3: f64 = 6.61375632143793436117e-5
const P4: f64 = -1.6533902205465251539e-6
const P5: f64 = 4.13813679705723846039e-8
/** Below it e^x rounds to 0. */
const UNDERFLOW: f64 = -745.13321910194110842

export function expOfNonPositive(x: f64): f64 {
  if (x < UNDERFLOW) return 0
  const k = floor<f64>(INVERSE_LN2 * x + 0.5)
  const high = x - k * LN2_HIGH
  const low = k * LN2_LOW
  const r = high - low
  const square = r * r
  const c = r - square * (P1 + square * (P2 + square * (P3 + square * (P4 + square * P5))))
  return scaled(1.0 + ((r * c) / (2.0 - c) - low + high), <i32>k)
}

/** y · 2^k for -1075 <= k <= 0. Two steps, because 2^k itself is subnormal below -1022. */
function scaled(y: f64, k: i32): f64 {
  const half = k >> 1
  return y * powerOfTwo(half) * powerOfTwo(k - half)
}

function powerOfTwo(k: i32): f64 {
  return reinterpret<f64>((<u64>(k + 1023)) << 52)
}
