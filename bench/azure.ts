import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { issueServerCertificate } from "../local/certificate-authority.ts";
import { AzureRig } from "../tests/stand-ins/azure/rig.ts";
import { timed, type Bench, type Measurement } from "./bench.ts";

const reads = 1000;

/** What the Azure stand-in adds to the figures of everything that is measured against it. */
export const azureBench: Bench = {
  name: "azure",
  async run(): Promise<readonly Measurement[]> {
    const rig = await AzureRig.start({ settings: { throttling: false } });
    const bare = await bareServer(rig.dir);
    try {
      await rig.makeVault();
      await fill(rig, 1000);
      const of1000 = await readsBesideFloor("read 1,000 of 1,000 secrets", rig, bare.origin);
      await fill(rig, 10_000);
      return [of1000, await readsBesideFloor("read 1,000 of 10,000 secrets", rig, bare.origin)];
    } finally {
      bare.close();
      await rig.stop();
    }
  },
};

function nameOf(n: number): string {
  return `env-secret-${n}`;
}

async function fill(rig: AzureRig, count: number): Promise<void> {
  const client = rig.operatorClient();
  for (let n = 0; n < count; n += 20) {
    await Promise.all(Array.from({ length: 20 }, (_none, k) => client.setSecret(nameOf(n + k), "v".repeat(40))));
  }
}

/** In turns of a hundred, so that whatever else the machine does meets both alike. */
async function readsBesideFloor(what: string, rig: AzureRig, bareOrigin: string): Promise<Measurement> {
  let value = 0;
  let floor = 0;
  for (let from = 0; from < reads; from += 100) {
    floor += await timed(() => read100(bareOrigin, from, rig.azure.operatorToken));
    value += await timed(() => read100(rig.azure.origin, from, rig.azure.operatorToken));
  }
  return { what, unit: "ms", value, floor: { what: "bare HTTPS server", value: floor } };
}

async function read100(origin: string, from: number, token: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}` };
  for (let n = from; n < from + 100; n++) {
    await (await fetch(`${origin}/secrets/${nameOf(n)}?api-version=7.6`, { headers })).json();
  }
}

/** Answers everything with as much as a secret takes, and knows nothing. */
async function bareServer(caDir: string) {
  const { cert, key } = await issueServerCertificate(caDir);
  const text = JSON.stringify({ value: "v".repeat(400) });
  const server = createServer({ cert, key }, (_request, response) => response.end(text));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
