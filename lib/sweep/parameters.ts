// Parameters: the axes of a space, checked once and in the form that grids, samplers and importance work with.

import type { JsonValue } from "../process/mod.ts";
import { type FloatAxis, type IntegerAxis, kindOf, rangeProblem } from "./axes.ts";
import { canonicalText } from "./canonical_text.ts";

/** Values without order, as canonical JSON. */
export interface ValueDomain {
  kind: "values";
  texts: readonly string[];
}

/** Numbers in [low, high]; with a step, `high` is the last of the steps. */
export interface NumberDomain {
  kind: "numbers";
  low: number;
  high: number;
  log: boolean;
  /** Null: continuous. An integer axis without a step of its own has 1. */
  step: number | null;
  /** Whether the axis gave a step, which a grid needs. */
  stepGiven: boolean;
}

/** What a parameter can be. */
export type Domain = ValueDomain | NumberDomain;

/** One parameter of a checked space. */
export interface Parameter {
  name: string;
  domain: Domain;
  /** Values (canonical JSON) that earlier parameters must have for this one to be there. */
  conditions: ReadonlyMap<string, ReadonlySet<string>>;
  /** Whether it holds the seeds. */
  replicas: boolean;
}

/** A point whose parameters are not known to the type checker. */
export type AnyPoint = Readonly<Record<string, JsonValue>>;

/**
 * The parameters of a space, in its order.
 *
 * @param label how messages begin: `Cannot define study "x"`
 * @param reserved names that a parameter cannot have
 * @throws {TypeError} when the space or an axis is of no known kind, or holds something that is not JSON
 * @throws {RangeError} when the space or an axis is empty, a value stands twice, a range is the wrong way round, or a condition
 * names a parameter that is not before it, or a value that this cannot have
 */
export function checkedParameters(label: string, space: unknown, reserved: readonly string[]): Parameter[] {
  if (space === null || typeof space !== "object" || Array.isArray(space)) {
    throw new TypeError(`${label}: expected space to be an object of lists, got ${kindOf(space)}`);
  }
  const axes = Object.entries(space);
  if (axes.length === 0) throw new RangeError(`${label}: expected at least one parameter in the space, got none`);
  const replicas = axes.filter(([, axis]) => kindIs(axis, "replicas")).map(([name]) => name);
  if (replicas.length > 1) {
    throw new RangeError(`${label}: expected one axis of seeds at most, got ${replicas.join(" and ")}`);
  }
  for (const [name] of axes) checkName(label, name, reserved);
  const parameters: Parameter[] = [];
  for (const [name, axis] of axes) {
    const path = `space.${name}`;
    const conditional = kindIs(axis, "when");
    parameters.push({
      name,
      domain: domainOf(label, path, conditional ? (axis as { axis: unknown }).axis : axis),
      conditions: conditional ? conditionsOf(label, path, axis, parameters) : new Map(),
      replicas: replicas.includes(name),
    });
  }
  return parameters;
}

/** Whether the conditions of a parameter hold at a point whose earlier parameters are known. */
export function isPresent({ conditions }: Parameter, point: AnyPoint): boolean {
  for (const [name, texts] of conditions) {
    if (!Object.hasOwn(point, name)) return false;
    if (!texts.has(canonicalText(point[name], { label: "Cannot compare", path: name }))) return false;
  }
  return true;
}

/** A point of the parameters that its own values let in, each as `choose` says. */
export function buildPoint(parameters: readonly Parameter[], choose: (parameter: Parameter) => JsonValue): AnyPoint {
  const point: Record<string, JsonValue> = {};
  for (const parameter of parameters) if (isPresent(parameter, point)) point[parameter.name] = choose(parameter);
  return point;
}

/** How many values a domain has; Infinity for a continuous one. */
export function valueCount(domain: Domain): number {
  if (domain.kind === "values") return domain.texts.length;
  const { low, high, step } = domain;
  if (low === high) return 1;
  return step === null ? Infinity : Math.round((high - low) / step) + 1;
}

/** Value `index` of a domain that has finitely many; a new one each time, so that a trial which changes it changes no other. */
export function valueAt(domain: Domain, index: number): JsonValue {
  if (domain.kind === "values") return JSON.parse(domain.texts[index]);
  const value = index === 0 ? domain.low : domain.low + index * (domain.step ?? 0);
  // 0.3, not 0.30000000000000004.
  return Number.isInteger(value) ? value : Number(value.toPrecision(14));
}

function kindIs(axis: unknown, kind: string): boolean {
  return axis !== null && typeof axis === "object" && (axis as { kind?: unknown }).kind === kind;
}

function checkName(label: string, name: string, reserved: readonly string[]): void {
  if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(name)) {
    throw new RangeError(`${label}: expected parameter names of letters, digits and _, got "${name}"`);
  }
  if (reserved.includes(name)) {
    throw new RangeError(`${label}: expected another name for the parameter "${name}", which rows use themselves`);
  }
}

function domainOf(label: string, path: string, axis: unknown): Domain {
  if (kindIs(axis, "int") || kindIs(axis, "float")) return numberDomain(label, path, axis as IntegerAxis | FloatAxis);
  const listed = kindIs(axis, "choice") || kindIs(axis, "replicas");
  const values: unknown = listed ? (axis as { values: unknown }).values : axis;
  if (!Array.isArray(values)) {
    const got = values !== null && typeof values === "object" ? "an object of no known kind" : kindOf(values);
    throw new TypeError(
      `${label}: expected ${path} to be a list, got ${got}; an axis is a list, choice, int, float, when or seeds`,
    );
  }
  if (values.length === 0) throw new RangeError(`${label}: expected at least one value in ${path}, got an empty list`);
  const texts = Array.from(values, (value, i) => canonicalText(value, { label, path: `${path}[${i}]` }));
  const seen = new Set<string>();
  for (const text of texts) {
    if (seen.has(text)) {
      throw new RangeError(`${label}: expected different values in ${path}, got ${text} twice`);
    }
    seen.add(text);
  }
  return { kind: "values", texts };
}

function numberDomain(label: string, path: string, axis: IntegerAxis | FloatAxis): NumberDomain {
  const problem = rangeProblem({ ...axis, step: axis.step ?? null });
  if (problem !== null) throw new RangeError(`${label}: in ${path}, ${problem}`);
  const { kind, low, log } = axis;
  const step = axis.step ?? (kind === "int" ? 1 : null);
  // The last step that fits, where rounding must not lose one.
  const high = step === null ? axis.high : low + Math.floor((axis.high - low) / step + 1e-9) * step;
  return { kind: "numbers", low, high, log, step, stepGiven: axis.step !== null };
}

function conditionsOf(label: string, path: string, axis: unknown, earlier: readonly Parameter[]) {
  const { conditions } = axis as { conditions: unknown };
  if (conditions === null || typeof conditions !== "object" || Object.keys(conditions).length === 0) {
    throw new TypeError(`${label}: expected ${path} to have conditions, got ${kindOf(conditions)}`);
  }
  return new Map(
    Object.entries(conditions).map(([name, values]: [string, unknown]): [string, Set<string>] => {
      const parameter = earlier.find((candidate) => candidate.name === name && !candidate.replicas);
      if (parameter === undefined) {
        const known = earlier.filter(({ replicas }) => !replicas).map((one) => one.name).join(", ") || "none";
        throw new RangeError(
          `${label}: expected ${path} to depend on parameters that stand before it (${known}), got "${name}"`,
        );
      }
      if (!Array.isArray(values) || values.length === 0) {
        throw new TypeError(`${label}: expected a list of values of ${name} in ${path}, got ${kindOf(values)}`);
      }
      const texts = values.map((value, i) => canonicalText(value, { label, path: `${path}.conditions.${name}[${i}]` }));
      const stranger = texts.find((text) => !holds(parameter.domain, text));
      if (stranger === undefined) return [name, new Set(texts)];
      throw new RangeError(`${label}: expected ${path} to depend on a value that ${name} can have, got ${stranger}`);
    }),
  );
}

function holds(domain: Domain, text: string): boolean {
  if (domain.kind === "values") return domain.texts.includes(text);
  const value: unknown = JSON.parse(text);
  if (typeof value !== "number" || value < domain.low || value > domain.high) return false;
  return domain.step === null || valueAt(domain, Math.round((value - domain.low) / domain.step)) === value;
}
