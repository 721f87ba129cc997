import type { Finding } from "../../domain/finding.ts";
import { environmentNames } from "../../domain/stage.ts";
import { UserError } from "../../domain/user-error.ts";
import { loadOffline, previewOffline, type OfflinePreview } from "./offline-preview.ts";

export interface OfflineOutcome {
  /** Those that could be planned. */
  readonly previews: readonly OfflinePreview[];
  /** Over all stacks together: whatever refused one, and what no single stack can see. */
  readonly findings: readonly Finding[];
}

/**
 * Plans stacks one after the other; a stack that is refused does not keep the others from being planned.
 *
 * @param options.stacks - @default - every stack
 */
export async function previewAllOffline(options: {
  readonly stacks?: readonly string[];
  readonly state?: string;
  readonly envFiles: readonly string[];
  readonly signal: AbortSignal;
}): Promise<OfflineOutcome> {
  const { envFiles, signal, state } = options;
  const stacks = options.stacks ?? ["shared", ...environmentNames];
  const previews: OfflinePreview[] = [];
  const findings: Finding[] = [];
  for (const stack of stacks) {
    try {
      const plan = await loadOffline(stack, stack === "local" && envFiles.length === 0 ? [".env.example"] : envFiles);
      previews.push(await previewOffline({ stack, plan, signal, ...(state === undefined ? {} : { state }) }));
    } catch (error) {
      if (!(error instanceof UserError) || error.findings.length === 0) throw error;
      findings.push(
        ...error.findings.map((finding) => ({ ...finding, where: `${stack}: ${finding.where ?? finding.subject}` })),
      );
    }
  }
  return { previews, findings };
}
