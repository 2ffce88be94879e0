// The names that a cell declares at its top level. A kernel lets a later cell declare a name again; one module does not,
// and a notebook in which a name has two meanings is hard to follow: so it is refused, with both places.

import type { ParseResult } from "oxc-parser";

type Statement = ParseResult["program"]["body"][number];
// deno-lint-ignore no-explicit-any
type Pattern = any; // ESTree patterns: walked by their `type` alone

/** A name declared at the top level of a cell. */
export interface Binding {
  name: string;
  /** UTF-16 offset in the cell's source. */
  start: number;
  /** Whether the name stands for a value, a type, or both (classes, enums, imports). */
  spaces: ("value" | "type")[];
  /** Interfaces may be declared several times and are merged. */
  mergeable: boolean;
}

/** The bindings of a cell's top-level statements. */
export function declaredBindings(statements: Statement[]): Binding[] {
  return statements.flatMap((statement) => {
    const exported = statement.type === "ExportNamedDeclaration" ? statement.declaration : null;
    return ofStatement((exported ?? statement) as Statement);
  });
}

/** Whether two bindings of one name cannot stand in one module. */
export function conflicts(a: Binding, b: Binding): boolean {
  if (a.mergeable && b.mergeable) return false;
  return a.spaces.some((space) => b.spaces.includes(space));
}

function ofStatement(statement: Statement): Binding[] {
  switch (statement.type) {
    case "ImportDeclaration":
      return statement.specifiers.map((specifier) => {
        const typeOnly = statement.importKind === "type" ||
          (specifier.type === "ImportSpecifier" && specifier.importKind === "type");
        return binding(specifier.local, typeOnly ? ["type"] : ["value", "type"]);
      });
    case "VariableDeclaration":
      return statement.declarations.flatMap((declaration) => patternNames(declaration.id));
    case "FunctionDeclaration":
      return statement.id ? [binding(statement.id, ["value"])] : [];
    case "ClassDeclaration":
      return statement.id ? [binding(statement.id, ["value", "type"])] : [];
    case "TSEnumDeclaration":
      return [binding(statement.id, ["value", "type"])];
    case "TSTypeAliasDeclaration":
      return [binding(statement.id, ["type"])];
    case "TSInterfaceDeclaration":
      return [{ ...binding(statement.id, ["type"]), mergeable: true }];
    default:
      return [];
  }
}

function binding(id: { name: string; start: number }, spaces: Binding["spaces"]): Binding {
  return { name: id.name, start: id.start, spaces, mergeable: false };
}

function patternNames(pattern: Pattern): Binding[] {
  switch (pattern?.type) {
    case "Identifier":
      return [binding(pattern, ["value"])];
    case "ObjectPattern":
      return pattern.properties.flatMap((p: Pattern) => patternNames(p.type === "RestElement" ? p : p.value));
    case "ArrayPattern":
      return pattern.elements.flatMap(patternNames);
    case "RestElement":
      return patternNames(pattern.argument);
    case "AssignmentPattern":
      return patternNames(pattern.left);
    default:
      return [];
  }
}
