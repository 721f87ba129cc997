import assert from "node:assert/strict";
import type { CauseCode } from "../../../diagnose/causes.ts";
import type { DiagnosedCause } from "../../../diagnose/diagnosis.ts";
import { localAzureAccount } from "../../../cli/access/local-stack.ts";
import { serverStates } from "../../../local/servers/records.ts";
import { startServers } from "../../../local/servers/start.ts";
import { useLocalChain } from "../../support/local-chain.ts";
import { testBinaries } from "../../support/servers.ts";
import type { Break } from "./break.ts";
import { alone, breaks, type Part } from "./breaks.ts";
import { listCauses, World } from "./world.ts";

export const initialValues = {
  GHCR_TOKEN: "chain-ghcr-token-0123456789",
  GHCR_USERNAME: "chain-user",
  LANGFUSE_SECRET_KEY: "chain-langfuse-0123456789",
  ANTHROPIC_API_KEY: "chain-anthropic-0123456789",
  OPENAI_API_KEY: "chain-openai-0123456789",
};

/** Starts an environment for the suite that calls it. @returns it, from `before` on. */
export function useWorld(): () => World {
  const chain = useLocalChain(initialValues);
  let world: World | undefined;
  before(async () => {
    world = await World.open(chain(), initialValues);
    await world.silence();
  });
  after(() => world?.close());
  return () => {
    assert.ok(world !== undefined, "it is open from `before` on");
    return world;
  };
}

/** Registers a test for each cause: it is brought about, `doctor` names it first, and it is gone after the printed repair. */
export function breakAndRepair(part: Part, world: () => World): void {
  /** What a test that failed in the middle has left. */
  let broken: readonly CauseCode[] = [];
  /** After such a test the environment is repaired first: each test fails only for its own reason. */
  const inAWholeEnvironment = (name: string, codes: readonly CauseCode[], run: () => Promise<void>): void => {
    it(name, async () => {
      if (broken.length > 0) await restore(world(), broken);
      broken = codes;
      await run();
      broken = [];
    });
  };

  for (const code of alone(part)) {
    inAWholeEnvironment(`names ${code} first, and it is gone after the repair as it is printed`, [code], () =>
      strikeAndMend(world(), code, breakOf(code)),
    );
  }
  for (const group of part.together) {
    inAWholeEnvironment(
      `names each first as it happens, from the end of the pipeline on: ${group.join(", ")}; one printed repair ends all`,
      group,
      () => strikeAllAndMend(world(), group),
    );
  }
}

function breakOf(code: CauseCode): Break {
  const found = breaks[code];
  assert.ok(found !== undefined, code);
  return found;
}

/**
 * Breaks the environment in one way, sees that cause named first, applies the repair as it is printed, sees it gone, and
 * follows what `doctor` says until it says nothing any more.
 */
async function strikeAndMend(
  world: World,
  code: CauseCode,
  { strike, sight, before, after, input, fill }: Break,
): Promise<void> {
  await world.silence();
  await strike(world);
  const cause = await world.untilFirst(code, await sight?.(world));
  await before?.(world);
  const holes = fill?.(world) ?? {};
  await apply(world, { code, fix: cause.fix.replace(/<[a-z]+>/g, (hole) => holes[hole] ?? hole) }, input);
  await after?.(world);
  await heals(world, code);
}

/**
 * Breaks it in one way after the other, the end of the chain first, sees each named first as it happens, and repairs
 * all of it by what is printed for the last.
 */
async function strikeAllAndMend(world: World, codes: readonly CauseCode[]): Promise<void> {
  await world.silence();
  let last: DiagnosedCause | undefined;
  for (const code of codes) {
    const { strike, sight } = breakOf(code);
    await strike(world);
    last = await world.untilFirst(code, await sight?.(world));
    if (commandOf(last.fix)?.startsWith("kubectl ") === true) await apply(world, last);
  }
  assert.ok(last !== undefined);
  for (const code of codes) await breakOf(code).before?.(world);
  await apply(world, last);
  for (const code of codes) await breakOf(code).after?.(world);
  for (const code of codes) await heals(world, code);
}

/**
 * Makes the environment whole again wherever the test of these causes ended: servers, what a person does for each cause,
 * objects, values, and then what doctor still names.
 */
export async function restore(world: World, codes: readonly CauseCode[]): Promise<void> {
  for (const { pid } of serverStates(world.chain.home)) if (pid !== undefined) process.kill(pid, "SIGCONT");
  await startServers(world.chain.home, await testBinaries(), { azure: localAzureAccount() });
  for (const code of codes.toReversed()) {
    const { before, after } = breakOf(code);
    // what the test did not come to needs no repair; what is left is found at the end
    for (const step of [before, after]) await step?.(world).catch(() => undefined);
  }
  // new ones: a version that is disabled or expires stays what it is
  const suffix = Date.now();
  world.setValues(
    Object.fromEntries(Object.entries(initialValues).map(([name, value]) => [name, `${value}-${suffix}`])),
  );
  const jobs = `/apis/batch/v1/namespaces/${world.namespace}/jobs?propagationPolicy=Background`;
  await world.connected.cluster.remove(jobs);
  // an update's Job cannot log in with a pinned reviewer token
  await world.shell("ameide-secrets reconfigure-auth --confirm local");
  const up = await world.shell("ameide-secrets local up --refresh");
  assert.equal(up.code, 0, up.err);
  await world.reopen();
  await world.silence();
  await heals(world, undefined);
}

/** Runs the command of a repair as it is printed, and what that command asks for in turn. */
async function apply(world: World, { code, fix }: Pick<DiagnosedCause, "code" | "fix">, input?: string): Promise<void> {
  const command = commandOf(fix);
  if (command === undefined) return;
  const ended = await world.shell(command, input);
  const confirmed = /^ *fix: (\S*ameide-secrets .*--confirm \S+)$/m.exec(ended.err)?.[1];
  const last = confirmed === undefined ? ended : await world.shell(confirmed);
  const mayFind = /^ameide-secrets (lineage|doctor)/.test(command); // their exit code reports a finding
  assert.ok(
    last.code === 0 || (mayFind && last.code === 1),
    `${code}: ${command}\nended with ${last.code}: ${last.err}${last.out}`,
  );
}

/** The command in a fix: the whole text, or what follows the last `: `. `undefined` if a person has to act. */
export function commandOf(fix: string): string | undefined {
  return /(?:^|: )((?:ameide-secrets|kubectl|az) [^<]*)$/.exec(fix)?.[1];
}

/** What is named is named again until the servers have followed the command. */
const mostCommands = 30;

/** @param code - what was just repaired, and ends without another command; `undefined`: follow each that is named. */
async function heals(world: World, code: CauseCode | undefined): Promise<void> {
  let causes: readonly DiagnosedCause[] = [];
  const isRepairable = ({ code: other, fix }: DiagnosedCause) => other !== code && commandOf(fix) !== undefined;
  const left = () => `${code ?? "everything"} was repaired as printed, and there is: ${listCauses(causes)}`;
  // the patience is the servers': the time that commands take does not count
  for (let commands = 0; ; commands++) {
    await world.until(async () => {
      causes = (await world.look({ prove: true })).causes;
      return causes[0] === undefined || isRepairable(causes[0]);
    }, left);
    const [first] = causes;
    if (first === undefined) return;
    assert.ok(commands < mostCommands, left());
    await apply(world, first);
  }
}
