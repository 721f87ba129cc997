import { isRecord, markedSecret, type Path } from "../subject/reading.ts";

/**
 * How the engine writes down what plain JSON cannot say: a record with this key holds something special.
 * @see https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/plugin/rpc.go
 */
const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

/** As they came off the wire: marks and all. Unknown values are the engine's sentinels. */
export type WireInputs = Readonly<Record<string, unknown>>;

/** The inputs without marks; assets and archives without their signature. */
export function plainInputs(inputs: WireInputs): WireInputs {
  return read(inputs, "shown") as WireInputs;
}

/** The inputs with each marked value replaced by the mark: no value is carried further. */
export function markedInputs(inputs: WireInputs): WireInputs {
  return read(inputs, "hidden") as WireInputs;
}

function read(value: unknown, secrets: "shown" | "hidden"): unknown {
  if (Array.isArray(value)) return value.map((item) => read(item, secrets));
  if (!isRecord(value)) return value;
  if (value[signatureKey] === secretSignature) return secrets === "hidden" ? markedSecret : read(value.value, secrets);
  const result: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) if (key !== signatureKey) result[key] = read(item, secrets);
  return result;
}

/** The inputs with the value at `path` marked secret; everything else goes back to the engine as it came. */
export function markAt(value: unknown, [key, ...rest]: Path): unknown {
  if (key === undefined) return { [signatureKey]: secretSignature, value };
  if (!isRecord(value) || value[signatureKey] === secretSignature) return value;
  return { ...value, [key]: markAt(value[key], rest) };
}
