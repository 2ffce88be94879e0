// AssemblyScript source of the kernel's functions on gradients: norms for clipping, sums for accumulation.

/**
 * Sum of squares in float64, for the norm over all parameters.
 *
 * @param count values, a multiple of 4
 */
export function sumSquares(values: usize, count: i32): f64 {
  let even = f64x2.splat(0);
  let odd = f64x2.splat(0);
  const end = <usize> count << 2;
  for (let offset: usize = 0; offset < end; offset += 16) {
    const four = v128.load(values + offset);
    const low = f64x2.promote_low_f32x4(four);
    const high = f64x2.promote_low_f32x4(v128.shuffle<f32>(four, four, 2, 3, 0, 1));
    even = f64x2.add(even, f64x2.mul(low, low));
    odd = f64x2.add(odd, f64x2.mul(high, high));
  }
  const sum = f64x2.add(even, odd);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** Adds `source` to `target`, value by value. */
export function addInto(target: usize, source: usize, count: i32): void {
  const end = <usize> count << 2;
  for (let offset: usize = 0; offset < end; offset += 16) {
    v128.store(target + offset, f32x4.add(v128.load(target + offset), v128.load(source + offset)));
  }
}
