import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../../environments/index.ts";

const folder = join(repositoryRoot, "tests", "recordings");

type Json = Readonly<Record<string, unknown>>;

/** One request of the engine to a real provider, with the answer; protobuf JSON. `tests/recordings/README.md` explains it. */
export interface Exchange {
  /** What the engine ran, such as `dev-up`; the first word is the stack. */
  readonly run: string;
  readonly provider: "kubernetes" | "vault";
  readonly version: string;
  /** Of `pulumirpc.ResourceProvider`. */
  readonly method: string;
  readonly type: string;
  /** Logical name of the resource. */
  readonly name: string;
  readonly request: Json;
  readonly response: Json;
}

/** Every recorded exchange, in the order of the files' names and lines. */
export function readRecordings(): readonly Exchange[] {
  const texts = JSON.parse(readFileSync(join(folder, "texts.json"), "utf8")) as Readonly<Record<string, string>>;
  const full = (_key: string, value: unknown): unknown =>
    typeof value === "string" && Object.hasOwn(texts, value) ? texts[value] : value;
  return readdirSync(folder)
    .filter((file) => file.endsWith(".jsonl"))
    .toSorted()
    .flatMap((file) => readFileSync(join(folder, file), "utf8").trimEnd().split("\n"))
    .map((line) => expand(JSON.parse(line, full) as Exchange));
}

/** Puts back what a line refers to by its name: a field of the same request, or the inputs that a Read answered. */
function expand({ request, response, ...rest }: Exchange): Exchange {
  const field = (value: unknown): unknown => {
    const name = typeof value === "string" ? /^<(news|oldInputs|inputs|properties)>$/.exec(value)?.[1] : undefined;
    return name === undefined ? value : request[name];
  };
  const own = (part: Json): Record<string, unknown> =>
    Object.fromEntries(Object.entries(part).map(([key, value]) => [key, field(value)]));
  const [asked, answered] = [own(request), own(response)];
  for (const [part, key] of [
    [asked, "olds"],
    [asked, "properties"],
    [answered, "properties"],
  ] as const) {
    const outputs = part[key] as Json | undefined;
    const inputs = outputs?.["__inputs"];
    if (inputs === undefined) continue;
    part[key] = { ...outputs, __inputs: inputs === "<response.inputs>" ? answered["inputs"] : field(inputs) };
  }
  return { ...rest, request: asked, response: answered };
}
