import { UserError } from "../../domain/user-error.ts";
import { firstLook, type FirstLookOptions } from "./main.ts";

/**
 * Prints the first look for start.mjs, which bundles this module before the packages are installed.
 *
 * @returns the exit code.
 */
export async function printFirstLook(options: FirstLookOptions): Promise<number> {
  try {
    process.stderr.write(`${await firstLook(options)}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    process.stderr.write(`ameide-secrets: ${error.message}\n`);
    return error.findings.length > 0 ? 1 : 2; // the command line's own codes: a finding, could not run
  }
}
