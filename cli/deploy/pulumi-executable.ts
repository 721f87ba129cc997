import { which } from "../../local/toolchain/path-lookup.ts";
import { inspectToolchain } from "../../local/toolchain/inspect.ts";
import { UserError } from "../../domain/user-error.ts";

/**
 * The engine: the person's own `pulumi` where PATH has one, else the toolchain's.
 *
 * @throws UserError when there is neither.
 */
export async function pulumiExecutable(): Promise<string> {
  const onPath = which("pulumi", process.env["PATH"] ?? "");
  if (onPath !== undefined) return onPath;
  const { pieces, cacheDir } = await inspectToolchain();
  const executable = pieces.find(({ piece }) => piece.name === "pulumi")?.executable;
  if (executable !== undefined) return executable;
  throw UserError.of(
    "pulumi-missing",
    `there is no pulumi on PATH and none in ${cacheDir}`,
    "install Pulumi (https://www.pulumi.com/docs/install/), or let npm start build it",
  );
}
