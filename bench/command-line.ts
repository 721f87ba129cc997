import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { registerStack } from "../chain.ts";
import { loadOffline } from "../cli/deploy/offline-preview.ts";
import type { Registration } from "../tests/support/record-stack.ts";
import { besides, type Figure } from "./bench.ts";

const bin = fileURLToPath(new URL("../cli/bin.mjs", import.meta.url));
const bare = fileURLToPath(new URL("bare-preview.ts", import.meta.url));

export async function* commandLine(): AsyncGenerator<Figure> {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  try {
    const { memoryInMib: _ofHelp, ...help } = await besides("node -e 0", {
      work: () => run(bin, "--help"),
      floor: () => run("-e", "0"),
      rounds: 10,
    });
    yield { what: "--help", ...help };
    const registrations = join(folder, "registrations.json");
    writeFileSync(registrations, JSON.stringify(await registrationsOfProd()));
    const { memoryInMib: _ofPreview, ...preview } = await besides("bare program", {
      work: () => run(bin, "preview", "--stack", "prod", "--offline"),
      floor: () => run(bare, registrations),
      rounds: 5,
    });
    yield { what: "preview of prod, offline", ...preview, limit: 6_000 };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function registrationsOfProd(): Promise<readonly Registration[]> {
  const { recordStack } = await import("../tests/support/record-stack.ts");
  const plan = await loadOffline("prod", []);
  return await recordStack(() =>
    registerStack(plan, { shared: { bootstrapClientId: "00000000-0000-0000-0000-000000000000" } }),
  );
}

function run(...args: readonly string[]): Promise<void> {
  const { status, stderr } = spawnSync(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  if (status !== 0) throw new Error(`node ${args.join(" ")} ended with ${status}: ${stderr.toString()}`);
  return Promise.resolve();
}
