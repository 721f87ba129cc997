import { readFileSync } from "node:fs";
import { normalize } from "node:path";
import type { GitAnswer } from "../../domain/dotenv/files.ts";
import { compileDotenv } from "../../domain/dotenv/dotenv.ts";
import type { Catalogue } from "../../domain/catalogue/catalogue.ts";
import type { Finding } from "../../domain/finding.ts";
import { exemptions as ownExemptions, type Exemption } from "../exemptions.ts";
import { placeOfNamespace, placeOfUrn } from "../place.ts";
import type { Place, RuleContext } from "../rule.ts";
import { subjectOfValues, subjectsOfDocument } from "../subject/embedded.ts";
import { isRecord } from "../subject/reading.ts";
import { tryText } from "../subject/subject.ts";
import {
  isOnlySchema,
  parseContent,
  splitDocuments,
  TooDeep,
  type Document,
  type Parsed,
} from "../subject/documents.ts";
import { embeddedIn } from "../subject/embedded.ts";
import { below, type Embedded, type Part } from "../subject/parts.ts";
import { mayTouchJudged, patchLines, subjectsOfPatch, type PatchTarget } from "../subject/patches.ts";
import { judgeOne, judgeStacks, type LintContext, type Located } from "./judge-located.ts";
import { generatorFiles, subjectsOfGenerated, type Generator } from "./generator-files.ts";
import { asKustomization, isKustomization, patchFiles, renderFirst, unrenderedIn } from "./kustomize.ts";
import { environmentOfPath, isDotenv, isDotenvExample, isValuesFile, sourceFiles, type SourceFile } from "./paths.ts";
import type { LintFinding, LintResult, Skipped } from "./result.ts";
import { stateResources, subjectsOfState } from "./state.ts";

export interface LintOptions {
  readonly catalogue: Catalogue;
  /** For what names no environment itself, by namespace, stack or path. @default - prod, the strictest */
  readonly environment?: Place;
  /** @default - policies/exemptions.ts */
  readonly exemptions?: readonly Exemption[];
  /** `YYYY-MM-DD`, UTC. @default - today */
  readonly today?: string;
  /** See RuleContext. */
  readonly vaults?: RuleContext["vaults"];
  /** Whether git tracks a file; asked for `.env` files only. @default - none is */
  readonly isTracked?: (file: string) => GitAnswer;
  /** What `-` among the paths stands for. @default - standard input */
  readonly stdin?: () => string;
}

/**
 * Judges files by the pack's rules: YAML and JSON manifests, rendered charts, values files, Pulumi state, `.env`.
 *
 * @param paths - files and folders; `-` for standard input.
 * @throws UserError for a path that is not there.
 */
export function lintPaths(paths: readonly string[], options: LintOptions): LintResult {
  const stdin = options.stdin ?? (() => readFileSync(0, "utf8"));
  const named = paths.filter((path) => path !== "-");
  const piped = named.length < paths.length ? [{ file: "<stdin>", text: stdin() }] : [];
  return lintSources([...piped, ...sourceFiles(named)], options);
}

/** The same for texts that are at hand. */
export function lintSources(sources: Iterable<SourceFile>, options: LintOptions): LintResult {
  const all = [...sources];
  const run = new Run(options, patchFiles(all), generatorFiles(all));
  for (const source of all) run.read(source);
  return run.result();
}

/** One pass over all files. Rules over a stack judge at its end, environment by environment. */
class Run {
  readonly #options: LintOptions;
  readonly #context: LintContext;
  /** Files that a kustomization lays over other objects. */
  readonly #patches: ReadonlyMap<string, PatchTarget>;
  /** Files of variables that Kustomize makes ConfigMaps and Secrets of. */
  readonly #generators: ReadonlyMap<string, readonly Generator[]>;
  readonly #located: Located[] = [];
  readonly #findings: LintFinding[] = [];
  readonly #skipped: Skipped[] = [];
  #files = 0;
  #documents = 0;

  constructor(
    options: LintOptions,
    patches: ReadonlyMap<string, PatchTarget>,
    generators: ReadonlyMap<string, readonly Generator[]>,
  ) {
    this.#options = options;
    this.#patches = patches;
    this.#generators = generators;
    const { catalogue, exemptions = ownExemptions, today = new Date().toISOString().slice(0, 10) } = options;
    this.#context = {
      catalogue,
      exemptions,
      today,
      ...(options.vaults === undefined ? {} : { vaults: options.vaults }),
    };
  }

  read({ file, text, unread }: SourceFile): void {
    this.#files += 1;
    if (unread !== undefined) this.#skipped.push({ file, line: 1, reason: unread });
    else if (isDotenv(file)) this.#readDotenv(file, text);
    else if (isDotenvExample(file)) {
      const reason =
        "is an example; judge it as what it is for: ameide-secrets env check --stack local --dotenv <path>";
      this.#skipped.push({ file, line: 1, reason });
    } else for (const document of splitDocuments(text)) this.#readDocument(file, document);
  }

  result(): LintResult {
    const judged = judgeStacks(this.#located, this.#context);
    const findings = [...this.#findings, ...judged].toSorted(worstFirst);
    return { findings, skipped: this.#skipped, files: this.#files, documents: this.#documents };
  }

  #readDotenv(path: string, text: string): void {
    this.#documents += 1;
    const generators = this.#generators.get(normalize(path));
    if (generators !== undefined) {
      for (const { subject, namespace, lineOf } of subjectsOfGenerated(path, text, generators)) {
        this.#judge({ subject, ...this.#placeOf(path, placeOfNamespace(namespace)), file: path, lineOf });
      }
      return;
    }
    const { catalogue, environment = environmentOfPath(path) ?? "shared", isTracked = () => false } = this.#options;
    const files = [{ path, text, tracked: isTracked(path) }];
    const { findings } = compileDotenv({ files, catalogue, environment, secretPrefix: undefined });
    for (const finding of findings) this.#findings.push(placed(finding, path));
  }

  #readDocument(file: string, document: Document): void {
    const target = this.#patches.get(normalize(file));
    if (target !== undefined) return this.#judgePatch(file, document, target);
    const template = isTemplate(document.text);
    if (template && file.includes("templates/"))
      return this.#skip(
        file,
        document,
        "is a chart's template; render it first: helm template ... | ameide-secrets lint -",
      );
    if (isOnlySchema(document)) {
      this.#documents += 1;
      return;
    }
    let parsed: Parsed;
    try {
      parsed = parseContent(document);
    } catch (error) {
      if (template && !(error instanceof TooDeep)) {
        return this.#skip(file, document, "is a template; render it first and pipe it to: ameide-secrets lint -");
      }
      this.#findings.push(unreadable(file, document, error));
      return;
    }
    const resources = stateResources(parsed.content);
    if (resources === undefined) this.#judgeDocument(file, document, parsed);
    else this.#judgeState(file, document, resources);
    parsed.release();
  }

  #judgeDocument(file: string, document: Document, parsed: Parsed): void {
    const { lineOf } = parsed;
    const content = isKustomization(file) ? asKustomization(parsed.content) : parsed.content;
    this.#documents += 1;
    const subjects =
      isValuesFile(file) && !isManifest(content)
        ? [subjectOfValues(content, file)]
        : subjectsOfDocument(content, `${file}:${document.line}`);
    for (const subject of subjects) {
      const own = placeOfNamespace(tryText(subject.object, "metadata", "namespace"));
      this.#judge({ subject, ...this.#placeOf(file, own), file, lineOf: below(lineOf, subject.base) });
    }
    const whole: Part = { content, lineOf };
    this.#judgeEmbedded(file, embeddedIn(whole, `${file}:${document.line}`));
    for (const line of patchLines(whole)) this.#skipped.push({ file, line, reason: patchReason });
    for (const [line, reason] of unrenderedIn(whole)) this.#skipped.push({ file, line, reason });
  }

  #judgeEmbedded(file: string, embedded: readonly Embedded[]): void {
    for (const { subject, place, lineOf } of embedded) {
      const own = place ?? placeOfNamespace(tryText(subject.object, "metadata", "namespace"));
      this.#judge({ subject, ...this.#placeOf(file, own), file, lineOf });
    }
  }

  /** A patch says nothing by itself, but what it names and writes can be judged. */
  #judgePatch(file: string, document: Document, target: PatchTarget): void {
    this.#judgeEmbedded(
      file,
      subjectsOfPatch(document.text, target, (line) => document.line + line - 1),
    );
    if (mayTouchJudged(document.text, target)) this.#skip(file, document, patchReason);
  }

  /** What nothing says the environment of is taken for prod, the strictest. */
  #placeOf(file: string, own: Place | undefined): Pick<Located, "place" | "isPlaceAssumed"> {
    const said = own ?? this.#options.environment ?? environmentOfPath(file);
    return { place: said ?? "prod", isPlaceAssumed: said === undefined };
  }

  #judgeState(file: string, document: Document, resources: readonly Readonly<Record<string, unknown>>[]): void {
    this.#documents += resources.length;
    for (const resource of resources) {
      const lineOf = (): number => lineOfUrn(document, resource["urn"]);
      for (const subject of subjectsOfState(resource)) {
        this.#judge({ subject, place: placeOfUrn(subject.id), file, lineOf });
      }
    }
  }

  #judge(located: Located): void {
    const { findings, skipped } = judgeOne(located, this.#context);
    this.#findings.push(...findings);
    this.#skipped.push(...skipped);
    this.#located.push(located);
  }

  #skip(file: string, { line }: Document, reason: string): void {
    this.#skipped.push({ file, line, reason });
  }
}

function isManifest(content: unknown): boolean {
  return isRecord(content) && typeof content["apiVersion"] === "string" && typeof content["kind"] === "string";
}

/** Go templates outside of quotes: what a chart's template has, and an ExternalSecret's own, which is quoted, has not. */
function isTemplate(text: string): boolean {
  return /^[^\S\n]*(?:- )?\{\{|:[^\S\n]+\{\{|\{\{-?\s*(?:if|range|with|include|define|end|\.Values|\.Release)\b/m.test(
    text,
  );
}

function lineOfUrn({ text, line }: Document, urn: unknown): number {
  const at = text.indexOf(`"urn": ${JSON.stringify(urn)}`);
  return at < 0 ? line : line + text.slice(0, at).split("\n").length - 1;
}

const patchReason = `is a patch of a kustomization, judged only by what it names and writes; ${renderFirst}`;

function unreadable(file: string, { line }: Document, error: unknown): LintFinding {
  const at = {
    stage: "external-secret",
    severity: "error",
    where: `${file}:${line}`,
    file,
    line,
    subject: file,
  } as const;
  if (error instanceof TooDeep) {
    const problem = `the document ${error.message}, so nothing in it was judged`;
    return { ...at, code: "lint-too-deep", problem, fix: "remove the nesting; no tool of Kubernetes needs it" };
  }
  const problem = "the document is not valid YAML, so nothing in it was judged";
  return { ...at, code: "lint-unparsable", problem, fix: "correct its syntax; render a template first" };
}

/** A finding of the .env compiler says its place as `file:line`. */
function placed(finding: Finding, file: string): LintFinding {
  const line = Number(/:(\d+)$/.exec(finding.where ?? "")?.[1] ?? 1);
  return { ...finding, where: `${file}:${line}`, file, line };
}

const order = { error: 0, warning: 1, note: 2 } as const;

function worstFirst(a: LintFinding, b: LintFinding): number {
  return order[a.severity] - order[b.severity] || (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line);
}
