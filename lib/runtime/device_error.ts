// What ONNX Runtime's WebGPU provider says, as sentences.

/** Whether there is no GPU, or none that can be used: nothing that a graph could help. */
export function isWithoutDevice(cause: unknown): boolean {
  return /RequestAdapterStatus|RequestDeviceStatus|Failed to get a WebGPU (adapter|device)/.test(String(cause));
}

/** What ONNX Runtime says, as a sentence that tells what to do. */
export function deviceError(action: string, cause: unknown, node: string | null = null): Error {
  const text = cause instanceof Error ? cause.message : String(cause);
  const why = node !== null
    ? `node ${node} has no WebGPU kernel; train with engine "cpu" or write the model without it`
    : isWithoutDevice(cause)
    ? "no GPU was found; is its driver installed (on Linux: Vulkan, with libvulkan1)?"
    : /device (is|was) lost|DeviceLost|device lost/i.test(text)
    ? "the GPU device was lost (driver reset, sleep, or too little memory); a run goes on from its last checkpoint"
    : text.trim();
  return new Error(`Cannot ${action} on WebGPU: ${why}`, { cause });
}
