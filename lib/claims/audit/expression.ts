// Formulas that a document prints, read as arithmetic: numbers, names, calls such as len(dataset) (taken as names), + - * / ^ and parentheses.

interface Cursor {
  readonly text: string;
  readonly tokens: readonly string[];
  at: number;
}

const TOKEN = /\s*([A-Za-z_]\w*\([A-Za-z_]\w*\)|[A-Za-z_]\w*|\d+(?:\.\d+)?(?:e[+-]?\d+)?|[-+*/^()])/y;

/**
 * The value of an expression.
 *
 * @param variables gives the value of a name, or of a call as it is written: "S", "len(dataset)"
 * @throws {RangeError} when the text is no expression
 */
export function evaluateExpression(text: string, variables: (name: string) => number): number {
  const cursor: Cursor = { text, tokens: tokensOf(text), at: 0 };
  const value = sumOf(cursor, variables);
  if (cursor.at < cursor.tokens.length) throw refusal(cursor, "an operator");
  return value;
}

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  const pattern = new RegExp(TOKEN);
  while (pattern.lastIndex < text.trimEnd().length) {
    const found = pattern.exec(text);
    if (!found) throw new RangeError(`Cannot read "${text}": expected numbers, names and + - * / ^ ( )`);
    tokens.push(found[1]);
  }
  return tokens;
}

type Variables = (name: string) => number;

function sumOf(cursor: Cursor, variables: Variables): number {
  let value = productOf(cursor, variables);
  for (let operator = take(cursor, "+", "-"); operator; operator = take(cursor, "+", "-")) {
    const next = productOf(cursor, variables);
    value = operator === "+" ? value + next : value - next;
  }
  return value;
}

function productOf(cursor: Cursor, variables: Variables): number {
  let value = powerOf(cursor, variables);
  for (let operator = take(cursor, "*", "/"); operator; operator = take(cursor, "*", "/")) {
    const next = powerOf(cursor, variables);
    value = operator === "*" ? value * next : value / next;
  }
  return value;
}

function powerOf(cursor: Cursor, variables: Variables): number {
  const base = atomOf(cursor, variables);
  return take(cursor, "^") ? base ** powerOf(cursor, variables) : base;
}

function atomOf(cursor: Cursor, variables: Variables): number {
  if (take(cursor, "(")) {
    const value = sumOf(cursor, variables);
    if (!take(cursor, ")")) throw refusal(cursor, '")"');
    return value;
  }
  const token = cursor.tokens[cursor.at++];
  if (token !== undefined && /^\d/.test(token)) return Number(token);
  if (token !== undefined && /^[A-Za-z_]/.test(token)) return variables(token);
  cursor.at--;
  throw refusal(cursor, "a number or a name");
}

function take(cursor: Cursor, ...expected: string[]): string | null {
  const token = cursor.tokens[cursor.at];
  if (!expected.includes(token)) return null;
  cursor.at++;
  return token;
}

function refusal({ text, tokens, at }: Cursor, expected: string): RangeError {
  return new RangeError(`Cannot read "${text}": expected ${expected}, got ${tokens[at] ?? "its end"}`);
}
