/* The language host's part in policy packs: where a `pulumi-language-nodejs` is found, the engine starts a Node pack
   through it and reads the pack's port from the stream. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import process from "node:process";
import language from "@pulumi/pulumi/proto/language_pb.js";

const runner = fileURLToPath(new URL("run-policy-pack.mjs", import.meta.url));

/** `LanguageRuntime.RunPlugin`: runs a pack until it ends or the engine hangs up, and streams what it prints. */
export function runPlugin(call) {
  const { request } = call;
  const kind = request.getKind();
  if (kind !== "analyzer") {
    call.destroy(
      Object.assign(new Error(`this host runs policy packs only, not a plugin of kind "${kind}"`), { code: 12 }),
    );
    return;
  }
  const child = spawn(process.execPath, [runner, ...request.getArgsList(), "."], {
    cwd: request.getInfo().getProgramDirectory(),
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...Object.fromEntries(request.getEnvList().map(splitVariable)) },
  });
  child.stdout.on("data", (bytes) => call.write(new language.RunPluginResponse().setStdout(bytes)));
  child.stderr.on("data", (bytes) => call.write(new language.RunPluginResponse().setStderr(bytes)));
  child.on("error", (error) => call.destroy(error));
  child.on("close", (code) => {
    call.write(new language.RunPluginResponse().setExitcode(code ?? 1));
    call.end();
  });
  call.on("cancelled", () => child.kill());
}

function splitVariable(line) {
  const equals = line.indexOf("=");
  return [line.slice(0, equals), line.slice(equals + 1)];
}
