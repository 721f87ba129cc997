/** A server or tool of the local environment, and how to build or download it. */
export interface Piece {
  /** Also the name of its executable in the cache. */
  readonly name: PieceName;
  readonly version: string;
  readonly recipe: GoRecipe | WheelRecipe;
  /** Measured on two cores with an empty cache. */
  readonly estimate: { readonly seconds: number; readonly megabytes: number };
  /** Copies on PATH to use instead. @default - none */
  readonly onPath?: readonly PathCandidate[];
}

/** What the local environment starts, and the piece that contains it. */
export const executables = {
  pulumi: "pulumi",
  /** Pulumi's plugin `resource-kubernetes`. */
  kubernetesProvider: "pulumi-resource-kubernetes",
  etcd: "etcd",
  kubeApiserver: "kube-apiserver",
  kubeControllerManager: "kube-controller-manager",
  kubectl: "kubectl",
  externalSecrets: "external-secrets",
  /** OpenBao, or the person's own Vault. */
  bao: "bao",
} as const;

export type PieceName = (typeof executables)[keyof typeof executables];

/** Absolute paths; `externalSecretsDefinitions` is a folder with one JSON file per CustomResourceDefinition. */
export type Binaries = Readonly<Record<keyof typeof executables | "externalSecretsDefinitions", string>>;

/** `go build` of a package in a module that go.mod and go.sum in the folder `module` pin. */
export interface GoRecipe {
  readonly kind: "go";
  /** Folder below local/toolchain. */
  readonly module: string;
  readonly package: string;
  /** `-ldflags`. */
  readonly linkerFlags: string;
  /** Module with the CustomResourceDefinitions to store next to the executable, and their folder in it. */
  readonly definitions?: { readonly module: string; readonly folder: string };
}

/** A Python wheel with an executable; the requirements file has version and digests. */
export interface WheelRecipe {
  readonly kind: "wheel";
  /** Below local/toolchain. */
  readonly requirements: string;
  /** Name in the wheel. */
  readonly executable: string;
}

export interface PathCandidate {
  readonly command: string;
  readonly versionArguments: readonly string[];
  /** The first group is the version. */
  readonly versionPattern: RegExp;
  readonly accepts: (version: Version) => boolean;
  /** For a message. */
  readonly wants: string;
}

export type Version = readonly [major: number, minor: number, patch: number];

const candidate = (
  command: string,
  versionArguments: readonly string[],
  wants: string,
  accepts: PathCandidate["accepts"],
  versionPattern = /\bv(\d+\.\d+\.\d+)/,
): PathCandidate => ({ command, versionArguments, versionPattern, accepts, wants });

const kubernetesVersion = "1.36.3";

/** API server, controller-manager and kubectl must have the same minor version, which avoids version skew. */
const kubernetes = (command: string, ...versionArguments: string[]) =>
  candidate(command, versionArguments, "1.36", ([major, minor]) => major === 1 && minor === 36);

const kubernetesRecipe = (name: string): GoRecipe => ({
  kind: "go",
  module: "kubernetes",
  package: `k8s.io/kubernetes/cmd/${name}`,
  linkerFlags: `-s -w -X k8s.io/component-base/version.gitVersion=v${kubernetesVersion}`,
});

export const pieces: readonly Piece[] = [
  {
    name: "bao",
    version: "2.7.2",
    recipe: { kind: "wheel", requirements: "openbao/requirements.txt", executable: "bao" },
    estimate: { seconds: 15, megabytes: 182 },
    onPath: [
      candidate("bao", ["version"], "2.2 or newer", ([major, minor]) => major === 2 && minor >= 2),
      candidate("vault", ["version"], "1.16 or newer", ([major, minor]) => major === 1 && minor >= 16),
    ],
  },
  {
    name: "etcd",
    version: "3.6.8",
    recipe: { kind: "go", module: "kubernetes", package: "go.etcd.io/etcd/server/v3", linkerFlags: "-s -w" },
    estimate: { seconds: 9, megabytes: 27 },
    onPath: [
      // an older minor version cannot read the data folder of a newer one
      candidate(
        "etcd",
        ["--version"],
        "3.6",
        ([major, minor]) => major === 3 && minor === 6,
        /etcd Version: (\d+\.\d+\.\d+)/,
      ),
    ],
  },
  {
    name: "kube-apiserver",
    version: kubernetesVersion,
    recipe: kubernetesRecipe("kube-apiserver"),
    estimate: { seconds: 226, megabytes: 105 },
    onPath: [kubernetes("kube-apiserver", "--version")],
  },
  {
    name: "kube-controller-manager",
    version: kubernetesVersion,
    recipe: kubernetesRecipe("kube-controller-manager"),
    estimate: { seconds: 65, megabytes: 96 },
    onPath: [kubernetes("kube-controller-manager", "--version")],
  },
  {
    name: "kubectl",
    version: kubernetesVersion,
    recipe: kubernetesRecipe("kubectl"),
    estimate: { seconds: 24, megabytes: 60 },
    onPath: [kubernetes("kubectl", "version", "--client")],
  },
  {
    name: "external-secrets",
    version: "0.19.2",
    recipe: {
      kind: "go",
      module: "external-secrets",
      package: "github.com/external-secrets/external-secrets",
      linkerFlags: "-s -w",
      definitions: { module: "github.com/external-secrets/external-secrets", folder: "config/crds/bases" },
    },
    estimate: { seconds: 260, megabytes: 183 },
  },
  {
    name: "pulumi-resource-kubernetes",
    version: "4.0.0-20260115033456-f47bc2d6f199",
    recipe: {
      kind: "go",
      module: "kubernetes-provider",
      package: ".",
      linkerFlags: "-s -w -X main.version=4.34.2",
    },
    estimate: { seconds: 180, megabytes: 86 },
  },
  {
    name: "pulumi",
    version: "3.259.0",
    recipe: {
      kind: "go",
      module: "pulumi",
      package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
      linkerFlags: "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v3.259.0",
    },
    estimate: { seconds: 245, megabytes: 115 },
    onPath: [candidate("pulumi", ["version"], "3.259 or newer", ([major, minor]) => major === 3 && minor >= 259)],
  },
];
