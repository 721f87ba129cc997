import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StackPlan } from "../../domain/plan/environment.ts";
import { UserError } from "../../domain/user-error.ts";
import type { LoadInput } from "../../environments/load-input.ts";
import { load } from "../../environments/index.ts";
import { repositoryRoot } from "../../environments/repository.ts";
import { readStackSettings } from "../../environments/stack-file.ts";

/** A copy of the stack files, for tests that change them. */
export class StackFolder {
  readonly root = mkdtempSync(join(tmpdir(), "ameide-secrets-stacks-"));

  constructor() {
    for (const name of ["shared", "dev", "staging", "prod", "local"]) {
      cpSync(join(repositoryRoot, `Pulumi.${name}.yaml`), join(this.root, `Pulumi.${name}.yaml`));
    }
    cpSync(join(repositoryRoot, ".env.example"), join(this.root, ".env.example"));
  }

  /** Replaces `from`, which must be there, in a file of the folder. */
  edit(file: string, from: string | RegExp, to: string): void {
    const path = join(this.root, file);
    const text = readFileSync(path, "utf8");
    const edited = text.replace(from, to);
    if (edited === text) throw new Error(`${file} does not hold ${String(from)}`);
    writeFileSync(path, edited);
  }

  /** Writes a file readable by its owner only. */
  write(file: string, text: string): void {
    writeFileSync(join(this.root, file), text, { mode: 0o600 });
  }

  remove(file: string): void {
    rmSync(join(this.root, file));
  }

  /** Loads a stack from this folder as the program would. */
  async load(stack: string, input: Partial<LoadInput> = {}): Promise<StackPlan> {
    const settings = readStackSettings(stack, this.root);
    return load({ stack, settings, root: this.root, offline: true, ...input });
  }

  /** `code where: problem` of everything that stops the load. */
  async refusal(stack: string, input: Partial<LoadInput> = {}): Promise<readonly string[]> {
    try {
      await this.load(stack, input);
      return [];
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      if (error.findings.length === 0) return [error.message];
      return error.findings.map(({ code, where = "", problem }) => `${code} ${where}: ${problem}`);
    }
  }

  delete(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
