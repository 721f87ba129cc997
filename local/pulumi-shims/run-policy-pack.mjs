/* Runs the policy pack of the working directory for language-host.mjs. Pulumi's own runner would load two TypeScript
   compilers and an inspector first, which takes longer than everything else here. */
import module, { createRequire } from "node:module";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { enableOwnCompileCache } from "../compile-cache.mjs";
import "../lazy-serializers.mjs";

/* An engine that is killed cannot end its plugins. Once it is gone, this process belongs to another parent. */
const engine = process.ppid;
setInterval(() => process.ppid === engine || process.exit(0), 500).unref();

/* The engine waits for the pack, so compiled code is kept. It is written early, since the engine kills its plugins. */
enableOwnCompileCache();
setTimeout(() => module.flushCompileCache?.(), 2000).unref();

createRequire(pathToFileURL(`${process.cwd()}/`))(process.cwd());
