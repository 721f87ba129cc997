/* The direction of imports (docs/architecture.md): `domain` imports nothing of ours; `clients` imports `domain`; the
   folders of work import these two and themselves, never each other; entry files sit on top and hand data down. */
const work = ["environments", "components", "bootstrap", "policies", "diagnose"];
const entries = "^((index|chain)\\.ts|policies/(index|start)\\.ts|bootstrap/main\\.ts)$";
const ours =
  "^((index|chain)\\.ts$|(domain|clients|environments|components|policies|bootstrap|diagnose|stand-ins|cli|local|tests|bench)/)";

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "domain-stands-alone",
      severity: "error",
      from: { path: "^domain/" },
      to: { path: ours, pathNot: "^domain/" },
    },
    {
      name: "domain-is-pure",
      comment: "values and rules of the chain: no Pulumi, no network, no files",
      severity: "error",
      from: { path: "^domain/" },
      to: {
        path: ["^(node:)?(fs|http|https|net|child_process|os|tls)(/|$)", "node_modules/@(pulumi|azure|kubernetes)"],
      },
    },
    {
      name: "clients-import-domain-only",
      severity: "error",
      from: { path: "^clients/" },
      to: { path: ours, pathNot: "^(domain|clients)/" },
    },
    {
      name: "only-the-command-line-reads-kubeconfigs-by-client-node",
      comment:
        "@kubernetes/client-node is 2.5 MB and takes a second to load; vault-bootstrap has the account of its pod",
      severity: "error",
      from: { path: "^(bootstrap|components|diagnose|policies|environments|local|stand-ins)/" },
      to: { path: "^clients/kubeconfig\\.ts$" },
    },
    ...work.map((folder) => ({
      name: `${folder}-imports-domain-and-clients-only`,
      severity: "error",
      from: { path: `^${folder}/`, pathNot: entries },
      to: { path: ours, pathNot: `^(domain|clients|${folder})/` },
    })),
    {
      name: "no-pulumi-in-the-cluster-or-the-doctor",
      severity: "error",
      from: { path: "^(bootstrap|diagnose|clients)/" },
      to: { path: "node_modules/@pulumi" },
    },
    {
      name: "local-and-stand-ins-do-not-import-the-cli",
      severity: "error",
      from: { path: "^(local|stand-ins)/" },
      to: { path: "^cli/" },
    },
    {
      name: "access-imports-no-command",
      comment: "cli/access opens stacks and servers; commands, deploy and operate use it",
      severity: "error",
      from: { path: "^cli/access/" },
      to: { path: "^cli/(commands|deploy|operate)/" },
    },
    {
      name: "deploy-imports-neither-commands-nor-operate",
      severity: "error",
      from: { path: "^cli/deploy/" },
      to: { path: "^cli/(commands|operate)/" },
    },
    {
      name: "operate-imports-no-command",
      severity: "error",
      from: { path: "^cli/operate/" },
      to: { path: "^cli/commands/" },
    },
    {
      name: "product-does-not-know-tests",
      severity: "error",
      from: { pathNot: "^(tests|bench|docs)/" },
      to: { path: "^(tests|bench)/" },
    },
    { name: "no-unresolved", severity: "error", from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default", "types"],
    },
  },
};
