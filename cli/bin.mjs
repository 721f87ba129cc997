#!/usr/bin/env node
// Entry of the command line: runs it with a Node that supports TypeScript.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { enableOwnCompileCache } from "../local/compile-cache.mjs";
import "../local/lazy-serializers.mjs";

const [major, minor] = process.versions.node.split(".").map(Number);

// the reader closed the pipe, such as `| head`
process.stdout.on("error", (error) => process.exit(error.code === "EPIPE" ? 0 : 2));

if (major > 22 || (major === 22 && minor >= 18)) {
  enableOwnCompileCache();
  const [{ main }, { processIo }, { programHere }] = await Promise.all([
    import("./main.ts"),
    import("./io.ts"),
    import("./spelling.ts"),
  ]);
  process.exitCode = await main(process.argv.slice(2), processIo, programHere());
} else {
  // npm's `node` package brings a current Node where the machine's own is older.
  const node = fileURLToPath(new URL("../node_modules/.bin/node", import.meta.url));
  if (!existsSync(node)) {
    console.error(
      `ameide-secrets: Node ${process.versions.node} is too old\n  fix: install Node 22.18 or newer, or run npm start`,
    );
    process.exit(2);
  }
  process.exit(
    spawnSync(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" }).status ?? 2,
  );
}
