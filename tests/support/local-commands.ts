import assert from "node:assert/strict";
import { runCommand, type Ended } from "./command-line.ts";
import type { LocalChain } from "./local-chain.ts";

/**
 * Runs commands on a suite's chain, and fails where one prints a value: those of the suite begin with `canary-`, its user's
 * name aside.
 */
export function localCommands(chain: () => LocalChain) {
  const call = async (words: string, ...more: readonly string[]): Promise<Ended> => {
    const ended = await runCommand([...words.split(" "), ...more, ...chain().place]);
    assert.doesNotMatch(`${ended.out}${ended.err}`, /canary-(?!user)/, `a value in what ${words} prints`);
    return ended;
  };
  const at = (words: string, ...more: readonly string[]) => call(`${words} --stack local`, ...more);
  const json = async <T>(words: string, ...more: readonly string[]) => {
    const { out, err, code } = await at(words, "--json", ...more);
    return { code, err, value: JSON.parse(out) as T };
  };
  return { call, at, json };
}
