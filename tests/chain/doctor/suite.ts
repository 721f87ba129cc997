import assert from "node:assert/strict";
import type { CauseCode } from "../../../diagnose/causes.ts";
import type { DiagnosedCause } from "../../../diagnose/diagnosis.ts";
import { serverStates } from "../../../local/servers/records.ts";
import type { Break } from "./break.ts";
import { closeDoor } from "./bootstrap-runs.ts";
import { told, type World } from "./world.ts";

/**
 * Breaks the environment in one way, sees that cause named first, applies the repair as it is printed, sees it gone, and
 * follows what `doctor` says until it says nothing any more.
 */
export async function strikeAndMend(
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
export async function strikeAllAndMend(
  world: World,
  codes: readonly CauseCode[],
  breaks: Readonly<Record<string, Break>>,
): Promise<void> {
  await world.silence();
  let last: DiagnosedCause | undefined;
  for (const code of codes) {
    await breaks[code]?.strike(world);
    last = await world.untilFirst(code);
    if (commandOf(last.fix)?.startsWith("kubectl ") === true) await apply(world, last);
  }
  assert.ok(last !== undefined);
  for (const code of codes) await breaks[code]?.before?.(world);
  await apply(world, last);
  for (const code of codes) await breaks[code]?.after?.(world);
  for (const code of codes) await heals(world, code);
}

/** Makes the environment whole again whatever was done to it: servers, objects, values, and then what doctor still names. */
export async function restore(world: World, values: Readonly<Record<string, string>>): Promise<void> {
  for (const { pid } of serverStates(world.chain.home)) if (pid !== undefined) process.kill(pid, "SIGCONT");
  await closeDoor();
  world.setValues(values);
  const jobs = `/apis/batch/v1/namespaces/${world.namespace}/jobs?propagationPolicy=Background`;
  await world.place.cluster.remove(jobs);
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
  const confirm = /fix: run the same command with (--confirm \S+)/.exec(ended.err)?.[1];
  const last = confirm === undefined ? ended : await world.shell(`${command} ${confirm}`);
  const mayFind = /^ameide-secrets (lineage|doctor)/.test(command); // these tell by their exit code what they found
  assert.ok(
    last.code === 0 || (mayFind && last.code === 1),
    `${code}: ${command}\nended with ${last.code}: ${last.err}${last.out}`,
  );
}

/** The command in the words of a repair: all of it, or what follows the last `: `. Without one, a person does it. */
export function commandOf(fix: string): string | undefined {
  return /(?:^|: )((?:ameide-secrets|kubectl|az) [^<]*)$/.exec(fix)?.[1];
}

/** @param code - what was just repaired, and ends without another command; `undefined`: follow each that is named. */
async function heals(world: World, code: CauseCode | undefined): Promise<void> {
  let causes: readonly DiagnosedCause[] = [];
  await world.until(
    async () => {
      causes = (await world.look({ prove: true })).causes;
      const [first] = causes;
      if (first === undefined) return true;
      if (first.code !== code) await apply(world, first);
      return false;
    },
    () => `${code ?? "everything"} was repaired as printed, and there is: ${told(causes)}`,
  );
}
