// Which trials no other one beats in both of two numbers.

/**
 * The Pareto front of points with two numbers, in the order of x.
 * @template {{ x: number, y: number }} P
 * @param {P[]} points
 * @param {{ x: "minimize" | "maximize", y: "minimize" | "maximize" }} directions
 * @returns {P[]} of points that are equal in both only the first
 */
export function paretoFront(points, directions) {
  const [signX, signY] = [directions.x, directions.y].map((direction) => direction === "maximize" ? -1 : 1);
  const sorted = [...points].sort((a, b) => signX * (a.x - b.x) || signY * (a.y - b.y));
  let best = Infinity;
  return sorted.filter(({ y }) => {
    if (!(signY * y < best)) return false;
    best = signY * y;
    return true;
  });
}
