// AssemblyScript source of stochastic gradient descent with momentum.

/**
 * SGD in place (Sutskever et al. 2013), in the order of operations of PyTorch:
 * `g = scale * gradient + decay * p; v = momentum * v + g; p -= rate * (nesterov ? g + momentum * v : v)`.
 *
 * @param count values, a multiple of 4; the three regions are 16-byte aligned float32
 * @param nesterov 1 or 0
 */
export function sgd(
  parameter: usize,
  velocity: usize,
  gradient: usize,
  count: i32,
  rate: f32,
  momentum: f32,
  decay: f32,
  scale: f32,
  nesterov: f32,
): void {
  const vRate = f32x4.splat(rate);
  const vMomentum = f32x4.splat(momentum);
  const vDecay = f32x4.splat(decay);
  const vScale = f32x4.splat(scale);
  const vLook = f32x4.splat(nesterov * momentum);
  const vKeep = f32x4.splat(nesterov);
  const end = <usize> count << 2;
  for (let offset: usize = 0; offset < end; offset += 16) {
    let p = v128.load(parameter + offset);
    const g = f32x4.add(f32x4.mul(v128.load(gradient + offset), vScale), f32x4.mul(p, vDecay));
    const v = f32x4.add(f32x4.mul(v128.load(velocity + offset), vMomentum), g);
    const plain = f32x4.sub(v, f32x4.mul(v, vKeep));
    const look = f32x4.add(f32x4.mul(g, vKeep), f32x4.mul(v, vLook));
    p = f32x4.sub(p, f32x4.mul(vRate, f32x4.add(plain, look)));
    v128.store(parameter + offset, p);
    v128.store(velocity + offset, v);
  }
}
