import type { PolicyEnvironment } from "../../../policies/environment.ts";

/** Something that a rule is shown: a resource of a program, or a document of a repository. */
export type Sample =
  | {
      readonly type: string;
      readonly props: Readonly<Record<string, unknown>>;
      readonly protect?: boolean;
      /** Logical names of the other samples that it depends on. */
      readonly dependsOn?: readonly string[];
      /** Top-level inputs that are computed from another resource. */
      readonly computed?: readonly string[];
      /** Which one: `beside-0` is the first of the other samples. @default - another one */
      readonly from?: string;
    }
  | { readonly document: Readonly<Record<string, unknown>> }
  /** A values file of a chart. */
  | { readonly values: Readonly<Record<string, unknown>> };

/** What a rule allows and what it refuses; tests judge by it, docs print it. */
export interface Example {
  readonly rule: string;
  /** Of a stack rule: the other resources of the stack, in each of the three cases. */
  readonly beside?: readonly Sample[];
  readonly allowed: Sample;
  readonly refused: Sample;
  /** Problem that the refused one is reported, to the letter. */
  readonly says: string;
  /** What the rule asks for left out; with `absentSays` refused too, without it allowed, and the reason why. */
  readonly absent: Sample;
  readonly absentSays?: string;
  readonly absentIsFine?: string;
  /** Path in `allowed` that is not known in a preview; `undefined` where the verdict never depends on one. */
  readonly unknown: Path | undefined;
  /** @default - prod */
  readonly environment?: PolicyEnvironment;
}

export type Path = readonly (string | number)[];

/** A copy with other values at some paths; `undefined` takes the key away. */
export function changed<T extends Sample>(sample: T, ...changes: readonly (readonly [Path, unknown])[]): T {
  const copy = structuredClone(sample);
  const root: unknown = "document" in copy ? copy.document : "values" in copy ? copy.values : copy.props;
  for (const [path, value] of changes) put(root, path, value);
  return copy;
}

function put(root: unknown, path: Path, value: unknown): void {
  let here = root as Record<string | number, unknown>;
  for (const [i, key] of path.entries()) {
    if (i === path.length - 1) {
      if (value === undefined && Array.isArray(here)) here.splice(Number(key), 1);
      else if (value === undefined) delete here[key];
      else here[key] = value;
      return;
    }
    here[key] ??= typeof path[i + 1] === "number" ? [] : {};
    here = here[key] as Record<string | number, unknown>;
  }
}
