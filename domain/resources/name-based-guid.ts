import { createHash } from "node:crypto";

/** Namespace of our own names; drawn once, never to be changed. */
const namespace = Buffer.from("5f0d3c5e4c6b4b0c9d0e6f2a7b1c8d93", "hex");

/**
 * The same GUID for the same text, on every machine.
 *
 * @returns version 5, such as `d1a1…-…`, in lower case.
 * @see https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-5
 */
export function nameBasedGuid(text: string): string {
  const bytes = createHash("sha1").update(namespace).update(text).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
