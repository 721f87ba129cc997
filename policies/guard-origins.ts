import type { Resource } from "@pulumi/pulumi";
import { isRecord } from "./subject/reading.ts";

/** Which resources of the running program each input is computed from, known before anything is registered. */
export class ProgramOrigins {
  readonly #ids = new WeakMap<Resource, string>();

  /** @param id - of the subject that stands for the resource. */
  add(resource: Resource, id: string): void {
    this.#ids.set(resource, id);
  }

  /** @param props - as the program gives them, with outputs. */
  inputsFrom(props: unknown): ReadonlyMap<string, readonly string[]> {
    const inputs = isRecord(props) ? Object.entries(props) : [];
    return new Map(inputs.map(([key, value]) => [key, this.#idsIn(value)]));
  }

  #idsIn(value: unknown): readonly string[] {
    if (Array.isArray(value)) return value.flatMap((item) => this.#idsIn(item));
    if (!isRecord(value)) return [];
    if ("__pulumiOutput" in value) {
      const { resources } = value as { readonly resources?: () => ReadonlySet<Resource> };
      return [...(resources?.() ?? [])].flatMap((resource) => this.#ids.get(resource) ?? []);
    }
    return "__pulumiResource" in value ? [] : Object.values(value).flatMap((item) => this.#idsIn(item));
  }
}
