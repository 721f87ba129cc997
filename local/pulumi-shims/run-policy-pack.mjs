/* Starts a policy pack where Pulumi's own plugin `pulumi-analyzer-policy-nodejs` is not installed: the engine then looks
   for an executable of that name on PATH, and runs it in the pack's folder with its own address and `.`. */
import module, { createRequire } from "node:module";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { enableOwnCompileCache } from "../compile-cache.mjs";

/* An engine that is killed cannot end its plugins. Once it is gone, this process belongs to another parent. */
const engine = process.ppid;
setInterval(() => process.ppid === engine || process.exit(0), 500).unref();

/* The engine waits for the pack: what was compiled once is not compiled again. Written down while the engine is busy, since
   it ends its plugins without a word. */
enableOwnCompileCache();
setTimeout(() => module.flushCompileCache?.(), 2000).unref();

/* Pulumi's runner loads ts-node, and ts-node's cache is a folder in the shared temporary directory that anybody can create first. */
process.env.TS_NODE_CACHE = "false";
const require = createRequire(pathToFileURL(`${process.cwd()}/`));
process.argv[1] = require.resolve("@pulumi/pulumi/cmd/run-policy-pack");
require(process.argv[1]);
