import type { LocalHome } from "../../local/home.ts";
import { applyCrds, startServers } from "../../local/servers/index.ts";
import { ensureToolchain, formatToolchainProgress } from "../../local/toolchain/ensure.ts";
import type { Binaries } from "../../local/toolchain/pieces.ts";
import type { Phases } from "../phases.ts";
import { localAzureAccount } from "../access/local-stack.ts";

/** How often a long build is told about. */
const progressEveryInSeconds = 15;

/** Gets the toolchain and brings every server of the home up; what runs already stays. */
export async function startLocal(options: {
  readonly home: LocalHome;
  readonly phases: Phases;
  readonly signal: AbortSignal;
}): Promise<Binaries> {
  const { home, phases, signal } = options;
  const binaries = await phases.run("toolchain", (tell) =>
    ensureToolchain({
      signal,
      onProgress: (progress) => {
        const often = progress.phase === "working" && progress.elapsedInSeconds % progressEveryInSeconds !== 0;
        if (!often) tell(formatToolchainProgress(progress));
      },
    }),
  );
  await phases.run(
    "servers",
    async (tell) => {
      const started = await startServers(home, binaries, { onProgress: tell, signal, azure: localAzureAccount() });
      await applyCrds(home, binaries);
      return started;
    },
    (started) => (started.length === 0 ? "all were running" : `started ${started.join(", ")}`),
  );
  return binaries;
}
