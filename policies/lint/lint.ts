import { normalize } from "node:path";
import type { GitAnswer } from "../../domain/dotenv/files.ts";
import { compileDotenv } from "../../domain/dotenv/dotenv.ts";
import type { Finding } from "../../domain/finding.ts";
import { exemptions as ownExemptions } from "../exemptions.ts";
import { environmentOfNamespace, environmentOfUrn, type PolicyEnvironment } from "../environment.ts";
import { isManifest } from "../subject/reading.ts";
import { tryText, type Located } from "../subject/subject.ts";
import {
  isOnlySchema,
  parseContent,
  splitDocuments,
  TooDeep,
  type Document,
  type Parsed,
  type Part,
} from "../subject/documents.ts";
import { embeddedIn, subjectOfValues, subjectsOfDocument } from "../subject/embedded.ts";
import { appliedIn } from "../subject/parts.ts";
import { mayPatch, mayTouchJudged, subjectsOfPatch, type PatchTarget } from "../subject/patches.ts";
import {
  judgeOne,
  judgeStacks,
  type InFile,
  type LintContext,
  type LintFinding,
  type LintResult,
  type Skipped,
} from "./judge-located.ts";
import {
  asKustomization,
  isKustomization,
  readKustomizations,
  renderFirst,
  subjectsOfGenerated,
  unrenderedIn,
  type Kustomized,
} from "./kustomize.ts";
import { environmentOfPath, isDotenv, isDotenvExample, isValuesFile, type SourceFile } from "./paths.ts";
import { stateResources, subjectsOfState } from "./state.ts";

/** The exemptions are those of policies/exemptions.ts, and today is today, unless others are given. */
export interface LintOptions
  extends Pick<LintContext, "catalogue" | "vaults">, Partial<Pick<LintContext, "exemptions" | "today">> {
  /** For a file with no environment in namespace, stack or path. @default - prod, the strictest */
  readonly environment?: PolicyEnvironment;
  /** Whether git tracks a `.env` file. @default - no file is tracked */
  readonly isTracked?: (file: string) => GitAnswer;
}

/** Judges files by the pack's rules: YAML and JSON manifests, rendered charts, values files, Pulumi state, `.env`. */
export function lintSources(sources: Iterable<SourceFile>, options: LintOptions): LintResult {
  const all = [...sources];
  const run = new Run(options, readKustomizations(all));
  for (const source of all) run.read(source);
  return run.result();
}

const renderChart = "is a chart's template; render it first: helm template ... | ameide-secrets lint -";
const renderTemplate = "is a template; render it first and pipe it to: ameide-secrets lint -";
const patchReason = `is a kustomize patch, so the rules see only the fields that it sets; ${renderFirst}`;
const exampleReason =
  "is an example file; check it for the stack it is meant for: ameide-secrets env check --stack local --dotenv <path>";

/** One pass over all files. Rules over a stack judge at its end, environment by environment. */
class Run {
  readonly #options: LintOptions;
  readonly #context: LintContext;
  readonly #kustomized: Kustomized;
  readonly #judged: InFile[] = [];
  readonly #findings: LintFinding[] = [];
  readonly #skipped: Skipped[] = [];
  #files = 0;
  #documents = 0;

  constructor(options: LintOptions, kustomized: Kustomized) {
    this.#options = options;
    this.#kustomized = kustomized;
    const { catalogue, exemptions = ownExemptions, today = new Date().toISOString().slice(0, 10), vaults } = options;
    this.#context = { catalogue, exemptions, today, vaults };
  }

  read({ file, text, unread }: SourceFile): void {
    this.#files += 1;
    if (unread !== undefined) this.#skip(file, 1, unread);
    else if (isDotenv(file)) this.#readDotenv(file, text);
    else if (isDotenvExample(file)) this.#skip(file, 1, exampleReason);
    else for (const document of splitDocuments(text)) this.#readDocument(file, document);
  }

  result(): LintResult {
    const findings = [...this.#findings, ...judgeStacks(this.#judged, this.#context)].toSorted(worstFirst);
    return { findings, skipped: this.#skipped, files: this.#files, documents: this.#documents };
  }

  #readDotenv(file: string, text: string): void {
    this.#documents += 1;
    const generators = this.#kustomized.generators.get(normalize(file));
    if (generators !== undefined) return this.#judgeAll(file, subjectsOfGenerated(file, text, generators));
    const { catalogue, environment = environmentOfPath(file) ?? "shared", isTracked = () => false } = this.#options;
    const files = [{ path: file, text, tracked: isTracked(file) }];
    const { findings } = compileDotenv({ files, catalogue, environment, secretPrefix: undefined });
    for (const finding of findings) {
      const line = Number(/:(\d+)$/.exec(finding.where ?? "")?.[1] ?? 1);
      this.#findings.push(locatedIn(file, line, finding));
    }
  }

  #readDocument(file: string, document: Document): void {
    const target = this.#kustomized.patches.get(normalize(file));
    if (target !== undefined) return this.#judgePatch(file, document, target);
    const isTemplate = hasUnquotedTemplate(document.text);
    if (isTemplate && file.includes("templates/")) return this.#skip(file, document.line, renderChart);
    if (isOnlySchema(document)) {
      this.#documents += 1;
      return;
    }
    let parsed: Parsed;
    try {
      parsed = parseContent(document);
    } catch (error) {
      if (isTemplate && !(error instanceof TooDeep)) return this.#skip(file, document.line, renderTemplate);
      this.#findings.push(locatedIn(file, document.line, unreadable(file, error)));
      return;
    }
    const resources = stateResources(parsed.content);
    if (resources === undefined) this.#judgeDocument(file, document, parsed);
    else this.#judgeState(file, document, resources);
    parsed.release();
  }

  #judgeDocument(file: string, { line }: Document, parsed: Parsed): void {
    const { lineOf } = parsed;
    const content = isKustomization(file) ? asKustomization(parsed.content) : parsed.content;
    const id = `${file}:${line}`;
    const whole: Part = { content, lineOf };
    this.#documents += 1;
    const isValues = isValuesFile(file) && !isManifest(content);
    this.#judgeAll(
      file,
      isValues ? [{ subject: subjectOfValues(content, file), lineOf }] : subjectsOfDocument(whole, id),
    );
    this.#judgeAll(file, embeddedIn(whole, id));
    const patches = mayPatch(content) ? appliedIn(whole).patches.filter(mayTouchJudged) : [];
    for (const patch of patches) this.#skip(file, patch.lineOf([]), patchReason);
    for (const [unrendered, reason] of unrenderedIn(whole)) this.#skip(file, unrendered, reason);
  }

  #judgeAll(file: string, subjects: readonly Located[]): void {
    for (const { subject, environment, lineOf } of subjects) {
      const own = environment ?? environmentOfNamespace(tryText(subject.object, "metadata", "namespace"));
      this.#judge({ subject, ...this.#environmentOf(file, own), file, lineOf });
    }
  }

  /** A patch is not a whole object, but the names that it uses and the values that it writes can be judged. */
  #judgePatch(file: string, { text, line }: Document, target: PatchTarget): void {
    const patch = { patch: text, target, lineOf: (_: unknown, inner = 1) => line + inner - 1 };
    this.#judgeAll(file, subjectsOfPatch(patch));
    if (mayTouchJudged(patch)) this.#skip(file, line, patchReason);
  }

  #environmentOf(
    file: string,
    own: PolicyEnvironment | undefined,
  ): Pick<InFile, "environment" | "isEnvironmentAssumed"> {
    const known = own ?? this.#options.environment ?? environmentOfPath(file);
    return { environment: known ?? "prod", isEnvironmentAssumed: known === undefined };
  }

  #judgeState(file: string, document: Document, resources: readonly Readonly<Record<string, unknown>>[]): void {
    this.#documents += resources.length;
    for (const resource of resources) {
      const lineOf = (): number => lineOfUrn(document, resource["urn"]);
      for (const subject of subjectsOfState(resource)) {
        this.#judge({ subject, environment: environmentOfUrn(subject.id), file, lineOf });
      }
    }
  }

  #judge(located: InFile): void {
    const { findings, skipped } = judgeOne(located, this.#context);
    this.#findings.push(...findings);
    this.#skipped.push(...skipped);
    this.#judged.push(located);
  }

  #skip(file: string, line: number, reason: string): void {
    this.#skipped.push({ file, line, reason });
  }
}

/** A chart's template has Go templates outside quotes; an ExternalSecret has its own in quotes. */
function hasUnquotedTemplate(text: string): boolean {
  return /^[^\S\n]*(?:- )?\{\{|:[^\S\n]+\{\{|\{\{-?\s*(?:if|range|with|include|define|end|\.Values|\.Release)\b/m.test(
    text,
  );
}

function lineOfUrn({ text, line }: Document, urn: unknown): number {
  const at = text.indexOf(`"urn": ${JSON.stringify(urn)}`);
  return at < 0 ? line : line + text.slice(0, at).split("\n").length - 1;
}

function unreadable(file: string, error: unknown): Finding {
  const [code, is, fix] =
    error instanceof TooDeep
      ? ["lint-too-deep", error.message, "remove the nesting; no Kubernetes tool needs it"]
      : ["lint-unparsable", "is not valid YAML", "correct its syntax; render a template first"];
  const problem = `the document ${is}, so nothing in it was judged`;
  return { stage: "external-secret", severity: "error", subject: file, code, problem, fix };
}

function locatedIn(file: string, line: number, finding: Finding): LintFinding {
  return { ...finding, where: `${file}:${line}`, file, line };
}

const order = { error: 0, warning: 1, note: 2 } as const;

function worstFirst(a: LintFinding, b: LintFinding): number {
  return order[a.severity] - order[b.severity] || (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line);
}
