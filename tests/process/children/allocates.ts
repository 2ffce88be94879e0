// A child that takes more and more memory.
const kept: Uint8Array[] = [];
setInterval(() => kept.push(new Uint8Array(16 * 2 ** 20).fill(1)), 20);
