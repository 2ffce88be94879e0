// AssemblyScript source of Adam (compiled by build.mjs with its siblings; the bytes stand in kernel_wasm.ts).
// One pass over parameter, moments and gradient, four values at a time: the step is bound by memory, not by arithmetic.

/**
 * Smaller moments become zero. Those of a dead unit would shrink to denormals and stay there, each one slow to compute with;
 * where the processor flushes denormals (ONNX Runtime switches that on), they would stop at 1e-37, too small to change.
 */
const SMALLEST: f32 = 1e-34;

/**
 * Adam and AdamW in place (Kingma & Ba 2015; Loshchilov & Hutter 2019), in the order of operations of PyTorch.
 *
 * @param count values, a multiple of 4; the four regions are 16-byte aligned float32
 * @param stepSize learning rate / (1 - beta1^t)
 * @param gain1 1 - beta1, and gain2 1 - beta2, rounded from float64: in float32, 1 - 0.999 is off by 5e-5
 * @param rootCorrection 1 / sqrt(1 - beta2^t)
 * @param l2 weight decay added to the gradient (Adam), else 0
 * @param shrink factor on the parameter before the step, 1 - learning rate * decay (AdamW), else 1
 * @param scale factor on the gradient, for clipping and averaging; 1 changes nothing
 */
export function adam(
  parameter: usize,
  firstMoment: usize,
  secondMoment: usize,
  gradient: usize,
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
  const vStep = f32x4.splat(stepSize);
  const vGain1 = f32x4.splat(gain1);
  const vBeta2 = f32x4.splat(beta2);
  const vGain2 = f32x4.splat(gain2);
  const vEpsilon = f32x4.splat(epsilon);
  const vCorrection = f32x4.splat(rootCorrection);
  const vL2 = f32x4.splat(l2);
  const vShrink = f32x4.splat(shrink);
  const vScale = f32x4.splat(scale);
  const vSmallest = f32x4.splat(SMALLEST);
  const end = <usize> count << 2;
  for (let offset: usize = 0; offset < end; offset += 16) {
    let p = v128.load(parameter + offset);
    const g = f32x4.add(f32x4.mul(v128.load(gradient + offset), vScale), f32x4.mul(p, vL2));
    let m = v128.load(firstMoment + offset);
    let v = v128.load(secondMoment + offset);
    p = f32x4.mul(p, vShrink);
    m = f32x4.add(m, f32x4.mul(f32x4.sub(g, m), vGain1));
    v = f32x4.add(f32x4.mul(v, vBeta2), f32x4.mul(f32x4.mul(g, g), vGain2));
    m = v128.andnot(m, f32x4.lt(f32x4.abs(m), vSmallest));
    v = v128.andnot(v, f32x4.lt(v, vSmallest));
    const denominator = f32x4.add(f32x4.mul(f32x4.sqrt(v), vCorrection), vEpsilon);
    p = f32x4.sub(p, f32x4.mul(vStep, f32x4.div(m, denominator)));
    v128.store(parameter + offset, p);
    v128.store(firstMoment + offset, m);
    v128.store(secondMoment + offset, v);
  }
}
