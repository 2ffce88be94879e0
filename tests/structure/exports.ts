// What a room exports through its mod.ts, and whether it is documented where it is declared.

import { type ParseResult } from "oxc-parser";
import { parse, projectFile, type Source } from "./sources.ts";

/** A name that a room exports. */
export interface Exported {
  name: string;
  /** File of the declaration, from the root; null for a name that comes from a package. */
  path: string | null;
  kind: "function" | "class" | "constant" | "type" | "unknown";
  /** Whether a doc comment stands right before the declaration. */
  documented: boolean;
}

type Statement = ParseResult["program"]["body"][number];
type Read = (path: string) => Source;

const MAX_HOPS = 5;

/** The exports of the module at `path`, followed to their declarations. */
export function exportsOf(path: string, read: Read): Exported[] {
  const { program } = parse(read(path));
  return program.body.flatMap((statement) => {
    if (statement.type === "ExportAllDeclaration") {
      const target = projectFile(path, statement.source.value);
      return target === null || statement.exported !== null ? [] : exportsOf(target, read);
    }
    if (statement.type !== "ExportNamedDeclaration") return [];
    const declared = statement.declaration ? declaredNames(statement.declaration as Statement) : [];
    const listed = statement.specifiers.map(({ exported }) => nameOf(exported));
    return [...declared, ...listed].map((name) => findDeclaration(path, name, { read, hops: 0 }));
  });
}

function findDeclaration(path: string, name: string, { read, hops }: { read: Read; hops: number }): Exported {
  const unknown: Exported = { name, path: null, kind: "unknown", documented: false };
  if (hops > MAX_HOPS) return unknown;
  const source = read(path);
  const result = parse(source);
  for (const statement of result.program.body) {
    const exported = statement.type === "ExportNamedDeclaration" ? statement : null;
    const declaration = (exported?.declaration ?? statement) as Statement;
    if (declaredNames(declaration).includes(name)) {
      const documented = hasDocComment(source, { comments: result.comments, start: statement.start });
      return { name, path, kind: kindOf(declaration), documented };
    }
    const specifier = exported?.specifiers.find((item) => nameOf(item.exported) === name);
    if (!exported || !specifier) continue;
    const local = nameOf(specifier.local);
    if (exported.source === null) return findDeclaration(path, local, { read, hops: hops + 1 });
    const target = projectFile(path, exported.source.value);
    return target === null ? unknown : findDeclaration(target, local, { read, hops: hops + 1 });
  }
  return unknown;
}

function hasDocComment(
  { text }: Source,
  { comments, start }: { comments: ParseResult["comments"]; start: number },
): boolean {
  return comments.some(({ type, value, end }) =>
    type === "Block" && value.startsWith("*") && end <= start && /^\s*(\/\/.*\s*)*$/.test(text.slice(end, start))
  );
}

function declaredNames(statement: Statement): string[] {
  switch (statement.type) {
    case "FunctionDeclaration":
    case "TSDeclareFunction":
    case "ClassDeclaration":
      return statement.id ? [statement.id.name] : [];
    case "TSInterfaceDeclaration":
    case "TSTypeAliasDeclaration":
    case "TSEnumDeclaration":
      return [statement.id.name];
    case "VariableDeclaration":
      return statement.declarations.flatMap(({ id }) => id.type === "Identifier" ? [id.name] : []);
    default:
      return [];
  }
}

function kindOf(declaration: Statement): Exported["kind"] {
  if (declaration.type === "FunctionDeclaration" || declaration.type === "TSDeclareFunction") return "function";
  if (declaration.type === "ClassDeclaration") return "class";
  if (declaration.type.startsWith("TS")) return "type";
  if (declaration.type !== "VariableDeclaration") return "unknown";
  const init = declaration.declarations[0].init;
  return init?.type === "ArrowFunctionExpression" || init?.type === "FunctionExpression" ? "function" : "constant";
}

function nameOf(node: { type: string; name?: string; value?: unknown }): string {
  return node.name ?? String(node.value);
}
