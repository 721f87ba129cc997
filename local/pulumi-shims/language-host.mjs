/* Runs this program under plain `pulumi preview` and `pulumi up` where Pulumi's own plugin `pulumi-language-nodejs` is
   not installed: the engine then looks for an executable of that name on PATH. It does what this program needs of such a
   host and no more: it installs nothing, and knows no TypeScript but Node's own. */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import languageService from "@pulumi/pulumi/proto/language_grpc_pb.js";
import language from "@pulumi/pulumi/proto/language_pb.js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";

const engine = process.argv.slice(2).find((argument) => !argument.startsWith("-"));
const packRunner = fileURLToPath(new URL("run-policy-pack.mjs", import.meta.url));
const lazySerializers = fileURLToPath(new URL("../lazy-serializers.mjs", import.meta.url));
const runner = ["--import", lazySerializers, createRequire(import.meta.url).resolve("@pulumi/pulumi/cmd/run")];
/** Exit code of the runner after it has printed the error. */
const alreadyTold = 32;

const server = new grpc.Server();
server.addService(languageService.LanguageRuntimeService, {
  handshake: (_, answer) => answer(null, new language.LanguageHandshakeResponse()),
  getPluginInfo: (_, answer) => answer(null, new plugin.PluginInfo()),
  getRequiredPackages: (_, answer) => answer(null, new language.GetRequiredPackagesResponse()),
  runPlugin,
  run: ({ request }, answer) => {
    const child = spawn(process.execPath, [...runner, ...flags(request), request.getInfo().getEntryPoint()], {
      cwd: request.getPwd(),
      stdio: ["ignore", "inherit", "inherit"],
      env: {
        ...process.env,
        PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().getEntryList())),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
        PULUMI_NODEJS_TYPESCRIPT: "false",
      },
    });
    child.on("error", (error) => answer(null, ended(error.message)));
    child.on("exit", (code, signal) => {
      const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
      answer(
        null,
        code === 0
          ? new language.RunResponse()
          : code === alreadyTold
            ? new language.RunResponse().setBail(true)
            : ended(how),
      );
    });
  },
});
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.stdout.write(`${port}\n`);
});

/* An engine that is killed cannot end its plugins. Once it is gone, this process belongs to another parent. */
const parent = process.ppid;
setInterval(() => process.ppid === parent || process.exit(0), 500).unref();

function flags(request) {
  return [
    `--monitor=${request.getMonitorAddress()}`,
    `--engine=${engine}`,
    `--organization=${request.getOrganization()}`,
    `--project=${request.getProject()}`,
    `--stack=${request.getStack()}`,
    `--root-directory=${join(request.getInfo().getRootDirectory())}`,
    `--pwd=${request.getPwd()}`,
    `--parallel=${request.getParallel()}`,
    ...(request.getDryrun() ? ["--dry-run"] : []),
  ];
}

function ended(how) {
  return new language.RunResponse().setError(`the program ended with ${how}`);
}

/** `LanguageRuntime.RunPlugin`, for Node policy packs. Runs until the pack ends or the engine hangs up. */
function runPlugin(call) {
  const { request } = call;
  const kind = request.getKind();
  if (kind !== "analyzer") {
    call.destroy(
      Object.assign(new Error(`this host runs policy packs only, not a plugin of kind "${kind}"`), { code: 12 }),
    );
    return;
  }
  const child = spawn(process.execPath, [packRunner, ...request.getArgsList(), "."], {
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
