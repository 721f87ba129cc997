import { existsSync, readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { UserError } from "../../domain/user-error.ts";
import { stateSchema, type AzureState } from "./state.ts";

/** @returns `undefined` without a file. @throws UserError `azure-state-unreadable`: it is never reset silently. */
export function readStateFile(path: string): AzureState | undefined {
  if (!existsSync(path)) return undefined;
  const text = readFileSync(path, "utf8");
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // the parser's message quotes the text, which contains values
    throw unreadable(path, "is not JSON: truncated or changed by hand");
  }
  const parsed = stateSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues; // zod's own texts quote no input
  const first = issue === undefined ? "unknown" : `${issue.path.map(String).join(".")}: ${issue.message}`;
  throw unreadable(path, `is not a state of the Azure stand-in: ${first}`);
}

const retryInMilliseconds = 5_000;

/** Writes the whole file soon after a change, by a temporary name, one write at a time. */
export class StateWriter {
  readonly #path: string;
  readonly #state: AzureState;
  #changed = false;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #lastWriteInMilliseconds = 0;

  constructor(path: string, state: AzureState) {
    this.#path = path;
    this.#state = state;
  }

  /** The change is on disk within about 200 ms, or ten times the duration of the last write. */
  changed(): void {
    this.#changed = true;
    this.#writeIn(Math.max(200, this.#lastWriteInMilliseconds * 10));
  }

  #writeIn(milliseconds: number): void {
    this.#timer ??= setTimeout(() => {
      this.flush().catch((error: unknown) => {
        // a full disk may have space later, even if nothing else changes
        this.#writeIn(retryInMilliseconds);
        const why = error instanceof Error ? error.message : String(error);
        process.stderr.write(`azure stand-in: cannot write its state, tries again: ${why}\n`);
      });
    }, milliseconds);
  }

  /** Resolves once all changes are on disk; rejects if they cannot be written. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#changed || this.#writing !== undefined) {
      this.#writing ??= this.#write().finally(() => {
        this.#writing = undefined;
      });
      await this.#writing;
    }
  }

  async #write(): Promise<void> {
    const begin = performance.now();
    this.#changed = false;
    try {
      const temporary = `${this.#path}.tmp`;
      await writeFile(temporary, JSON.stringify(this.#state), { mode: 0o600 });
      await rename(temporary, this.#path);
    } catch (error) {
      this.#changed = true;
      throw error;
    }
    this.#lastWriteInMilliseconds = performance.now() - begin;
  }
}

function unreadable(path: string, problem: string): UserError {
  return UserError.of(
    "azure-state-unreadable",
    `${path} ${problem}`,
    `put a good copy back, or start again with \`mv ${path} ${path}.broken\`; values then come from .env again`,
  );
}
