// Which texts share a row: best fit, longest first (Johnson 1973), which leaves little room in all rows but the last.

/**
 * Packs lengths into rows.
 *
 * @param lengths each from 1 to `capacity`
 * @returns for each row the indices of what is in it, rising; each index once
 * @throws {RangeError} for a length that fits no row
 */
export function packRows(lengths: readonly number[], capacity: number): number[][] {
  const wrong = lengths.find((length) => !(length >= 1 && length <= capacity));
  if (wrong !== undefined) {
    throw new RangeError(`Cannot pack: expected lengths from 1 to ${capacity}, got ${wrong}`);
  }
  const rows: number[][] = [];
  /** Rows by the room that they have left. */
  const byRoom: number[][] = Array.from({ length: capacity + 1 }, () => []);
  const order = Array.from(lengths.keys()).sort((a, b) => lengths[b] - lengths[a] || a - b);
  for (const index of order) {
    let room = lengths[index];
    while (room <= capacity && byRoom[room].length === 0) room++;
    const row = room <= capacity ? byRoom[room].shift()! : rows.push([]) - 1;
    rows[row].push(index);
    byRoom[Math.min(room, capacity) - lengths[index]].push(row);
  }
  return rows.map((row) => row.sort((a, b) => a - b));
}
