// How far a long piece of work is, how fast, and when it will be done.

/**
 * Says progress in words: `4,096 of 20,000, 450/s, 35 s left`. The first call starts the clock; what was done before it, by an earlier run, says
 * nothing about speed.
 */
export function timeLeft(
  { nowMs = () => performance.now() }: { nowMs?: () => number } = {},
): (done: number, total: number) => string {
  let first: { done: number; atMs: number } | null = null;
  return (done, total) => {
    first ??= { done, atMs: nowMs() };
    const count = `${done.toLocaleString("en")} of ${total.toLocaleString("en")}`;
    const seconds = (nowMs() - first.atMs) / 1000;
    const perSecond = (done - first.done) / seconds;
    if (!(perSecond > 0) || seconds < 1) return count;
    return `${count}, ${Math.round(perSecond)}/s, ${duration((total - done) / perSecond)} left`;
  };
}

/** `45 s`, `12 min`, `1 h 5 min`. */
function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
