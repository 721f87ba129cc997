import { textAt, type JsonObject } from "./property-value.ts";

/** Such as `auth/{backend}/role/{roleName}`. */
export class PathTemplate {
  readonly inputs: readonly string[];
  readonly #template: string;
  readonly #pattern: RegExp;

  constructor(template: string) {
    this.#template = template;
    this.inputs = [...template.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
    // a mount or a scope may contain slashes; a name at the end cannot
    const pattern = template.replaceAll(/\{(\w+)\}$/g, "(?<$1>[^/]+)").replaceAll(/\{(\w+)\}/g, "(?<$1>.+)");
    this.#pattern = new RegExp(`${pattern}$`, "i");
  }

  /** @throws Error if an input is absent. */
  fill(inputs: JsonObject): string {
    return this.#template.replaceAll(/\{(\w+)\}/g, (_match, name: string) => textAt(inputs, name));
  }

  /** @returns empty texts if the path does not match. */
  parse(path: string): JsonObject {
    const found = this.#pattern.exec(path)?.groups;
    return Object.fromEntries(this.inputs.map((name) => [name, found?.[name] ?? ""]));
  }
}
