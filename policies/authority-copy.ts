import { classifyKey } from "./authority-verdicts.ts";
import { type RuleContext, type StackRule, type Violations } from "./rule.ts";
import { onlyRead, tryText, type Kind, type Subject } from "./subject/subject.ts";

/** Inputs that hold values, by kind; `undefined` for a kind whose every input may. */
const valueInputs: Partial<Record<Kind, readonly string[] | undefined>> = {
  KeyVaultSecret: ["properties", "value", "valueWo"],
  VaultSecret: ["data", "dataJson", "dataJsonWo"],
  Secret: ["data", "stringData"],
  ConfigMap: ["data", "binaryData"],
  OpaqueWriter: undefined,
  UnknownType: undefined,
};

/** A rule of its own refuses these wherever they are, so that here they only pass a value on. */
const unread: ReadonlySet<Kind> = new Set(["OpaqueWriter", "UnknownType"]);

export const authorityCopiedValue: StackRule = {
  id: "authority-copied-value",
  severity: "critical",
  description: "No value is taken from a cluster-managed Secret, whatever name it gets.",
  why: "A database password that a program read from CNPG's Secret went into Key Vault under a name that was allowed.",
  remediation: "Remove the copy; let the consumer read the owner's own Secret in the cluster.",
  references: ["P12"],
  kinds: Object.keys(valueInputs) as Kind[],
  judgeAll(subjects, context) {
    const origins = new Origins(subjects, context);
    return subjects
      .filter((subject) => !unread.has(subject.kind) && origins.namedBy(subject) === undefined)
      .flatMap((subject) => origins.inputsOf(subject).flatMap(([input, origin]) => refused(subject, input, origin)));
  },
};

function refused(subject: Subject, input: string, origin: Origin): Violations {
  const path = [input];
  if (origin !== onlyRead) {
    return [{ subject, path, problem: `comes from ${origin.label}, which a controller in the cluster owns` }];
  }
  // settings are read from other stacks every day; a value for Key Vault or Vault comes from .env
  if (subject.kind !== "KeyVaultSecret" && subject.kind !== "VaultSecret") return [];
  const problem = `comes from ${onlyRead}, and the engine does not say from which`;
  return [{ subject, path, problem, fix: "take the value from .env: ameide-secrets env push" }];
}

/** A cluster-managed Secret, or one that nobody can name. */
type Origin = Subject | typeof onlyRead;

/** Where values come from, over any number of resources in between. */
class Origins {
  readonly #byId: ReadonlyMap<string, Subject>;
  readonly #context: RuleContext;
  readonly #known = new Map<string, Origin | undefined>();

  constructor(subjects: readonly Subject[], context: RuleContext) {
    this.#byId = new Map(subjects.map((subject) => [subject.id, subject]));
    this.#context = context;
  }

  /** Each input with values that are not the program's own, and where they come from. */
  inputsOf({ kind, options }: Subject): readonly (readonly [string, Origin])[] {
    return [...(options?.inputsFrom ?? [])].flatMap(([input, from]): readonly (readonly [string, Origin])[] => {
      if (valueInputs[kind]?.includes(input) === false) return [];
      const origin = from.map((id) => this.#originOf(id)).find((one) => one !== undefined);
      return origin === undefined ? [] : [[input, origin]];
    });
  }

  /** The subject itself where its own name is a cluster-managed one. */
  namedBy(subject: Subject): Subject | undefined {
    const { kind, object } = subject;
    if (kind !== "Secret" && kind !== "VaultSecret") return undefined;
    const name = tryText(object, "metadata", "name") ?? tryText(object, "path") ?? tryText(object, "name");
    if (name === undefined) return undefined;
    const found = classifyKey(this.#context.catalogue, name);
    return found.kind === "cluster-managed" || found.kind === "in-cluster-delivery" ? subject : undefined;
  }

  #originOf(id: string): Origin | undefined {
    if (id === onlyRead) return onlyRead;
    if (this.#known.has(id)) return this.#known.get(id);
    this.#known.set(id, undefined); // so that a circle ends
    const subject = this.#byId.get(id);
    const origin = subject === undefined ? undefined : (this.namedBy(subject) ?? this.inputsOf(subject)[0]?.[1]);
    this.#known.set(id, origin);
    return origin;
  }
}
