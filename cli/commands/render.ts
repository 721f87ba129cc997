import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../../domain/user-error.ts";
import { command } from "../command.ts";
import { notWritable, writeOutput } from "../files.ts";

/** No YAML by its name: ArgoCD would apply it with the objects of the folder. */
const patchFile = "argocd-application-patch.txt";

export const render = command({
  name: "render",
  summary: "write the Kubernetes objects of a stack as YAML for ArgoCD; they contain no values",
  options: [
    { flags: "--stack <name>", summary: "dev, staging or prod", required: true },
    { flags: "--out <folder>", summary: "where to write; files of the same name are replaced" },
    {
      flags: "--check",
      summary: "first compare the objects with the live cluster: who owns them, and who would lose access",
    },
    {
      flags: "--client-id <id>",
      summary: "client id of vault-bootstrap's managed identity (default: the shared stack's output bootstrapClientId)",
    },
  ],
  examples: [
    "ameide-secrets render --stack prod --check",
    "ameide-secrets render --stack prod --out gitops/prod",
    "ameide-secrets render --stack dev --out out --client-id $(pulumi stack output bootstrapClientId --stack shared)",
  ],
  async run({ stack, out, check = false, clientId }, { io }) {
    if (out === undefined && !check) {
      const fix = "ameide-secrets render --stack <stack> --check";
      throw UserError.of("nothing-to-do", "render needs --out, --check or both", fix);
    }
    const [{ stringify }, { applicationPatch, renderManifests }, { loadOffline }, { checkRendered, judgeRendered }] =
      await Promise.all([
        import("yaml"),
        import("../../domain/manifests/render.ts"),
        import("../deploy/offline-preview.ts"),
        import("../deploy/preflight.ts"),
      ]);
    const plan = await loadOffline(stack, []);
    if (plan.kind === "shared") {
      const fix = "give --stack dev, staging or prod";
      throw UserError.of("shared-has-no-cluster", "the stack shared has no Kubernetes objects", fix);
    }
    if (check) {
      const { openCluster } = await import("../../clients/kubeconfig.ts");
      await checkRendered(plan, await openCluster(plan.cluster));
      io.err(`checked against ${plan.cluster.context}: nothing else owns any of the objects, and nobody loses access`);
    } else {
      const refused = judgeRendered(plan);
      if (refused.length > 0) throw UserError.from(refused);
    }
    if (out === undefined) return { text: "" };
    const { sharedClientId } = await import("../deploy/shared-output.ts");
    const manifests = renderManifests(plan, { clientId: clientId ?? (await sharedClientId()) });
    const files = manifests.map(({ path, object }) => [path, stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })] as const); // prettier-ignore
    for (const [path, text] of [...files, [patchFile, stringify(applicationPatch)] as const]) {
      const file = join(out, path);
      try {
        mkdirSync(dirname(file), { recursive: true });
      } catch (error) {
        throw notWritable(dirname(file), error);
      }
      writeOutput(file, text, "public");
      io.err(file);
    }
    return {
      text: `${manifests.length} objects in ${out}\nadd ${join(out, patchFile)} to their Application, so that ArgoCD does not report a sync by vault-bootstrap as drift`,
    };
  },
});
