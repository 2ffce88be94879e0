// AssemblyScript source of Adam with moments of 8 bits a value.

/** Values that share one scale. */
const BLOCK: usize = 256;

/**
 * Adam and AdamW in place with blockwise 8-bit moments (after Dettmers et al. 2022, "8-bit Optimizers via Block-wise
 * Quantization"): each block of 256 values has a scale, its largest magnitude, and codes that are finer near zero. Where the
 * paper uses tables, codes here are roots, which need no lookup: first moment `sign sqrt(|m| / scale) * 127`, second moment
 * `(v / scale)^(1/4) * 255`. A block's moments are decoded, updated and encoded again in one pass.
 *
 * @param firstCodes bytes, code + 128
 * @param secondCodes bytes
 * @param firstScales one float32 a block
 * @param secondScales one float32 a block
 * @param count values, a multiple of 256
 * @param scratch two blocks of float32
 */
export function adam8bit(
  parameter: usize,
  firstCodes: usize,
  secondCodes: usize,
  firstScales: usize,
  secondScales: usize,
  gradient: usize,
  scratch: usize,
  count: i32,
  stepSize: f32,
  gain1: f32,
  beta2: f32,
  gain2: f32,
  epsilon: f32,
  rootCorrection: f32,
  l2: f32,
  shrink: f32,
  scale: f32,
): void {
  const blocks = <usize> count / BLOCK;
  const first = scratch;
  const second = scratch + BLOCK * 4;
  for (let block: usize = 0; block < blocks; block++) {
    const firstScale = load<f32>(firstScales + block * 4);
    const secondScale = load<f32>(secondScales + block * 4);
    const start = block * BLOCK;
    let firstLargest: f32 = 0;
    let secondLargest: f32 = 0;
    for (let i: usize = 0; i < BLOCK; i++) {
      const at = (start + i) * 4;
      const p = load<f32>(parameter + at);
      const g = load<f32>(gradient + at) * scale + p * l2;
      const firstCode = <f32> (<i32> load<u8>(firstCodes + start + i) - 128) / 127;
      const secondCode = <f32> load<u8>(secondCodes + start + i) / 255;
      let m = firstCode * abs<f32>(firstCode) * firstScale;
      let v = secondCode * secondCode * secondCode * secondCode * secondScale;
      m += (g - m) * gain1;
      v = v * beta2 + g * g * gain2;
      firstLargest = max<f32>(firstLargest, abs<f32>(m));
      secondLargest = max<f32>(secondLargest, v);
      store<f32>(first + i * 4, m);
      store<f32>(second + i * 4, v);
      store<f32>(parameter + at, p * shrink - stepSize * (m / (sqrt<f32>(v) * rootCorrection + epsilon)));
    }
    store<f32>(firstScales + block * 4, firstLargest);
    store<f32>(secondScales + block * 4, secondLargest);
    const firstInverse: f32 = firstLargest > 0 ? 1 / firstLargest : 0;
    const secondInverse: f32 = secondLargest > 0 ? 1 / secondLargest : 0;
    for (let i: usize = 0; i < BLOCK; i++) {
      const m = load<f32>(first + i * 4) * firstInverse;
      const v = load<f32>(second + i * 4) * secondInverse;
      const root = nearest<f32>(sqrt<f32>(abs<f32>(m)) * 127);
      store<u8>(firstCodes + start + i, <u8> (128 + <i32> (m < 0 ? -root : root)));
      store<u8>(secondCodes + start + i, <u8> <i32> nearest<f32>(sqrt<f32>(sqrt<f32>(v)) * 255));
    }
  }
}
