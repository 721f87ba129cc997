import { readFileSync } from "node:fs";
import { startEngine } from "../tests/support/engine.ts";
import type { Registration } from "../tests/support/record-stack.ts";
import { registerBare } from "./program.ts";

/** `node bench/bare-preview.ts FILE`: previews recorded registrations without components; the CLI's floor. */
const registrations = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as readonly Registration[];
const engine = await startEngine("prod", { mode: "offline" });
try {
  await (await engine.open(() => Promise.resolve(registerBare(registrations)))).preview();
} finally {
  await engine.close();
}
