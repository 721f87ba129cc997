import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { waitUntil } from "../../../local/wait-until.ts";
import { testBinaries } from "../../support/servers.ts";

describe("the Kubernetes provider", function () {
  this.timeout(30_000);

  it("ends when the engine is killed that has just started it, while it waits for that engine", async () => {
    const silentEngine = createServer().listen(0, "127.0.0.1");
    await once(silentEngine, "listening");
    const { port } = silentEngine.address() as AddressInfo;
    const { kubernetesProvider } = await testBinaries();
    // the shell is the engine's process: it starts the plugin and names it
    const engine = spawn(
      "sh",
      ["-c", '"$0" "$1" >/dev/null & echo $!; wait', kubernetesProvider, `127.0.0.1:${port}`],
      {
        stdio: ["pipe", "pipe", "ignore"],
      },
    );
    const [line] = (await once(createInterface(engine.stdout), "line")) as [string];
    const plugin = Number(line);
    try {
      assert.ok(isRunning(plugin));
      engine.kill("SIGKILL");
      await waitUntil(async () => !isRunning(plugin), { inSeconds: 10, forWhat: "the plugin to end" });
    } finally {
      if (isRunning(plugin)) process.kill(plugin, "SIGKILL");
      silentEngine.close();
    }
  });
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
