import type { Rule } from "../rule.ts";
import { subjectsOfResource } from "../subject/from-resource.ts";
import { kindOfToken, isListToken } from "../subject/kinds.ts";
import type { Kind, Subject, SubjectOptions } from "../subject/subject.ts";
import { markedInputs, plainInputs, type WireInputs } from "./wire.ts";

/** A resource as the engine tells it. */
export interface EngineResource {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  /** Inputs before it is made; outputs once the run is over. Read off the wire when a rule wants them. */
  readonly inputs: () => WireInputs;
  readonly options: SubjectOptions;
}

/** The subjects of one resource, read and walked once for all rules; a type that no rule looks at is not read at all. */
export interface Subjects {
  readonly plain: () => readonly Subject[];
  /** For the one rule that looks at marks instead of values. */
  readonly marked: () => readonly Subject[];
}

export function subjectsOf(resource: EngineResource): Subjects {
  const inputs = lazily(resource.inputs);
  const build = (props: WireInputs): readonly Subject[] => subjectsOfResource({ ...resource, props });
  return {
    plain: lazily(() => build(plainInputs(inputs()))),
    marked: lazily(() => build(markedInputs(inputs()))),
  };
}

/** What a rule may find in a resource of this type: a list may hold any kind. */
export function looksAt(rule: Rule, type: string): boolean {
  const kind = kindOf(type);
  return kind === "list" || (kind !== undefined && rule.kinds.includes(kind));
}

const kindsByType = new Map<string, Kind | "list" | undefined>();

function kindOf(type: string): Kind | "list" | undefined {
  if (!kindsByType.has(type)) kindsByType.set(type, isListToken(type) ? "list" : kindOfToken(type));
  return kindsByType.get(type);
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
