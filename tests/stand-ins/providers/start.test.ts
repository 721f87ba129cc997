import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { startProviders } from "../../../stand-ins/providers/start.ts";
import { ProviderClient } from "./provider-client.ts";

const startModule = new URL("../../../stand-ins/providers/start.ts", import.meta.url).href;
const mainModule = fileURLToPath(new URL("../../../stand-ins/providers/main.ts", import.meta.url));

function portsOf(debugProviders: string): number[] {
  return debugProviders.split(",").map((part) => Number(part.split(":")[1]));
}

/** Resolves once nothing listens there any more; fails if something does for too long. */
async function closed(port: number): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (Date.now() < deadline) {
    const socket = connect({ port, host: "127.0.0.1" });
    const connected = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (!connected) return;
  }
  throw new Error(`something still listens on ${port}`);
}

describe("startProviders", function () {
  this.timeout(60_000);

  it("serves the three packages, and ends them all on close", async () => {
    const providers = await startProviders({ mode: "offline" });
    assert.match(providers.debugProviders, /^kubernetes:\d+,vault:\d+,azure-native:\d+$/);
    const ports = portsOf(providers.debugProviders);
    const client = new ProviderClient(ports[0] ?? 0, "kubernetes:core/v1:ConfigMap");
    assert.match(await client.version(), /^4\./);
    client.close();
    await providers.close();
    await Promise.all(ports.map(closed));
  });

  it("ends when its parent is killed", async () => {
    const script = `
      const { startProviders } = await import(${JSON.stringify(startModule)});
      console.log((await startProviders({ mode: "offline" })).debugProviders);
      setInterval(() => undefined, 1000);`;
    const parent = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(createInterface({ input: parent.stdout }), "line")) as [string];
    parent.kill("SIGKILL");
    await Promise.all(portsOf(line).map(closed));
  });

  it("survives Ctrl-C, because the engine decides when its providers end", async () => {
    const child = spawn(process.execPath, [mainModule], { stdio: ["pipe", "pipe", "inherit"] });
    child.stdin.write('{"mode":"offline"}\n');
    const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
    child.kill("SIGINT");
    const client = new ProviderClient(Number(/vault:(\d+)/.exec(line)?.[1]), "vault");
    assert.match(await client.version(), /^7\./);
    client.close();
    child.stdin.end();
    assert.deepEqual(await once(child, "exit"), [0, null]);
  });

  for (const [what, line] of [
    ["no JSON", '{"mode":"live","vaultToken":"canary-token'],
    ["an unknown key", '{"mode":"offline","token":"canary-token"}'],
  ] as const) {
    it(`fails on ${what}, repeating nothing of it`, async () => {
      const child = spawn(process.execPath, [mainModule], { stdio: ["pipe", "pipe", "pipe"] });
      let reported = "";
      child.stderr.on("data", (chunk: Buffer) => (reported += chunk.toString()));
      child.stdin.end(`${line}\n`);
      const [code] = (await once(child, "close")) as [number];
      assert.equal(code, 1);
      assert.match(reported, /the providers' configuration/);
      assert.equal(reported.includes("canary-token"), false);
    });
  }
});
