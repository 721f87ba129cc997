/* Starts a policy pack where Pulumi's own plugin `pulumi-analyzer-policy-nodejs` is not installed: the engine then looks
   for an executable of that name on PATH, and runs it in the pack's folder with its own address and `.`. */
import module, { createRequire } from "node:module";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { enableOwnCompileCache } from "../compile-cache.mjs";

/* An engine that is killed cannot end its plugins. Once it is gone, this process belongs to another parent. */
const engine = process.ppid;
setInterval(() => process.ppid === engine || process.exit(0), 500).unref();

/* The engine waits for the pack, so compiled code is kept. It is written early, since the engine kills its plugins. */
enableOwnCompileCache();
setTimeout(() => module.flushCompileCache?.(), 2000).unref();

/* Pulumi's runner loads ts-node; anybody could create its cache folder in the shared temporary directory first. */
process.env.TS_NODE_CACHE = "false";
const require = createRequire(pathToFileURL(`${process.cwd()}/`));
process.argv[1] = require.resolve("@pulumi/pulumi/cmd/run-policy-pack");
require(process.argv[1]);
