import type { BootstrapCause } from "../../domain/bootstrap-config.ts";

/** What answers wrongly, in the order in which a run of vault-bootstrap needs it. */
export const faultyServers = [
  "API server",
  "Vault",
  "Vault's login",
  "Azure's token endpoint",
  "Key Vault",
  "Vault's writes",
] as const;
export type FaultyServer = (typeof faultyServers)[number];

/** What is wrong with it. */
export const faults = {
  refused: "nothing listens",
  reset: "the connection is cut, every time",
  "reset for a moment": "the connection is cut three times, then it answers",
  silent: "it accepts the request and never answers",
  "401": "the login is not accepted",
  "403": "a right is missing",
  "429 for a moment": "too many requests, three times, then it answers",
  "429 storm": "too many requests, every time",
  "500": "an internal error, every time",
  "503 for a moment": "unavailable three times, then it answers",
  "503": "unavailable, every time",
  "broken JSON": "status 200, and a body that is not JSON",
  "half an answer": "the connection is cut in the middle of the body",
  "clock skew": "its clock is two hours ahead, so that tokens are expired",
  "sealed in the run": "Vault is sealed when the first value is written",
  "answer lost": "it does what was asked, and its answer is lost",
  standby: "it is a standby that has a leader",
} as const;
export type FaultName = keyof typeof faults;

/** One cell, as it was observed. The suite runs each; `docs/reliability.md` shows the same. */
export interface FaultCell {
  readonly server: FaultyServer;
  readonly fault: FaultName;
  /** How the run ends: its exit code follows from it. */
  readonly cause: BootstrapCause;
  /** What the two secrets of the run hold in Vault afterwards: both their old value, or both the new one. */
  readonly after: "old" | "new";
}

/** In every cell the next run without the fault exits with 0 and both secrets hold the new value. */
export const faultCells: readonly FaultCell[] = [
  { server: "API server", fault: "refused", cause: "kubernetes-unreachable", after: "old" },
  { server: "API server", fault: "reset", cause: "kubernetes-unreachable", after: "old" },
  { server: "API server", fault: "reset for a moment", cause: "ok", after: "new" },
  { server: "API server", fault: "silent", cause: "terminated", after: "old" },
  { server: "API server", fault: "401", cause: "kubernetes-login-refused", after: "old" },
  { server: "API server", fault: "403", cause: "kubernetes-refused", after: "old" },
  { server: "API server", fault: "429 for a moment", cause: "ok", after: "new" },
  { server: "API server", fault: "429 storm", cause: "kubernetes-throttled", after: "old" },
  { server: "API server", fault: "500", cause: "kubernetes-failing", after: "old" },
  { server: "API server", fault: "503 for a moment", cause: "ok", after: "new" },
  { server: "API server", fault: "503", cause: "kubernetes-failing", after: "old" },
  { server: "API server", fault: "broken JSON", cause: "kubernetes-unreachable", after: "old" },
  { server: "API server", fault: "half an answer", cause: "kubernetes-unreachable", after: "old" },
  { server: "Vault", fault: "refused", cause: "vault-unreachable", after: "old" },
  { server: "Vault", fault: "reset", cause: "vault-unreachable", after: "old" },
  { server: "Vault", fault: "reset for a moment", cause: "ok", after: "new" },
  { server: "Vault", fault: "silent", cause: "terminated", after: "old" },
  { server: "Vault", fault: "401", cause: "vault-unreachable", after: "old" },
  { server: "Vault", fault: "403", cause: "vault-unreachable", after: "old" },
  { server: "Vault", fault: "429 for a moment", cause: "ok", after: "new" },
  { server: "Vault", fault: "429 storm", cause: "vault-unreachable", after: "old" },
  { server: "Vault", fault: "500", cause: "vault-unreachable", after: "old" },
  { server: "Vault", fault: "503 for a moment", cause: "ok", after: "new" },
  { server: "Vault", fault: "503", cause: "vault-unreachable", after: "old" },
  { server: "Vault", fault: "broken JSON", cause: "vault-unreachable", after: "old" },
  { server: "Vault", fault: "half an answer", cause: "vault-unreachable", after: "old" },
  { server: "Vault", fault: "standby", cause: "ok", after: "new" },
  { server: "Vault's login", fault: "reset", cause: "vault-unreachable", after: "old" },
  { server: "Vault's login", fault: "reset for a moment", cause: "ok", after: "new" },
  { server: "Vault's login", fault: "silent", cause: "terminated", after: "old" },
  { server: "Vault's login", fault: "401", cause: "vault-auth-refused", after: "old" },
  { server: "Vault's login", fault: "403", cause: "vault-auth-refused", after: "old" },
  { server: "Vault's login", fault: "429 for a moment", cause: "ok", after: "new" },
  { server: "Vault's login", fault: "429 storm", cause: "vault-throttled", after: "old" },
  { server: "Vault's login", fault: "500", cause: "vault-failing", after: "old" },
  { server: "Vault's login", fault: "503 for a moment", cause: "ok", after: "new" },
  { server: "Vault's login", fault: "503", cause: "vault-failing", after: "old" },
  { server: "Vault's login", fault: "broken JSON", cause: "vault-unreachable", after: "old" },
  { server: "Vault's login", fault: "half an answer", cause: "vault-unreachable", after: "old" },
  { server: "Azure's token endpoint", fault: "refused", cause: "source-unreachable", after: "old" },
  { server: "Azure's token endpoint", fault: "reset", cause: "source-unreachable", after: "old" },
  { server: "Azure's token endpoint", fault: "reset for a moment", cause: "ok", after: "new" },
  { server: "Azure's token endpoint", fault: "silent", cause: "terminated", after: "old" },
  { server: "Azure's token endpoint", fault: "401", cause: "source-forbidden", after: "old" },
  { server: "Azure's token endpoint", fault: "403", cause: "source-forbidden", after: "old" },
  { server: "Azure's token endpoint", fault: "429 for a moment", cause: "ok", after: "new" },
  { server: "Azure's token endpoint", fault: "429 storm", cause: "source-throttled", after: "old" },
  { server: "Azure's token endpoint", fault: "500", cause: "source-unreachable", after: "old" },
  { server: "Azure's token endpoint", fault: "503 for a moment", cause: "ok", after: "new" },
  { server: "Azure's token endpoint", fault: "503", cause: "source-unreachable", after: "old" },
  { server: "Azure's token endpoint", fault: "broken JSON", cause: "source-unreachable", after: "old" },
  { server: "Azure's token endpoint", fault: "half an answer", cause: "source-unreachable", after: "old" },
  { server: "Azure's token endpoint", fault: "clock skew", cause: "federation-mismatch", after: "old" },
  { server: "Key Vault", fault: "refused", cause: "source-unreachable", after: "old" },
  { server: "Key Vault", fault: "reset", cause: "source-unreachable", after: "old" },
  { server: "Key Vault", fault: "reset for a moment", cause: "ok", after: "new" },
  { server: "Key Vault", fault: "silent", cause: "terminated", after: "old" },
  { server: "Key Vault", fault: "401", cause: "source-forbidden", after: "old" },
  { server: "Key Vault", fault: "403", cause: "source-forbidden", after: "old" },
  { server: "Key Vault", fault: "429 for a moment", cause: "ok", after: "new" },
  { server: "Key Vault", fault: "429 storm", cause: "source-throttled", after: "old" },
  { server: "Key Vault", fault: "500", cause: "source-unreachable", after: "old" },
  { server: "Key Vault", fault: "503 for a moment", cause: "ok", after: "new" },
  { server: "Key Vault", fault: "503", cause: "source-unreachable", after: "old" },
  { server: "Key Vault", fault: "broken JSON", cause: "source-unreachable", after: "old" },
  { server: "Key Vault", fault: "half an answer", cause: "source-unreachable", after: "old" },
  { server: "Vault's writes", fault: "reset", cause: "vault-unreachable", after: "old" },
  { server: "Vault's writes", fault: "reset for a moment", cause: "ok", after: "new" },
  { server: "Vault's writes", fault: "401", cause: "internal-error", after: "old" },
  { server: "Vault's writes", fault: "403", cause: "vault-policy-refused", after: "old" },
  { server: "Vault's writes", fault: "429 for a moment", cause: "ok", after: "new" },
  { server: "Vault's writes", fault: "429 storm", cause: "vault-throttled", after: "old" },
  { server: "Vault's writes", fault: "500", cause: "vault-failing", after: "old" },
  { server: "Vault's writes", fault: "503 for a moment", cause: "ok", after: "new" },
  { server: "Vault's writes", fault: "503", cause: "vault-failing", after: "old" },
  { server: "Vault's writes", fault: "broken JSON", cause: "vault-unreachable", after: "old" },
  { server: "Vault's writes", fault: "half an answer", cause: "vault-unreachable", after: "old" },
  { server: "Vault's writes", fault: "sealed in the run", cause: "vault-sealed", after: "old" },
  { server: "Vault's writes", fault: "answer lost", cause: "ok", after: "new" },
];

/** A fault that a suite of its own makes: what the person sees, and what the next run does. */
export interface ShownFault {
  readonly what: string;
  readonly seen: string;
  /** Of the command that met it. */
  readonly exitCode: number;
  readonly afterwards: string;
  readonly next: string;
  /** File and title of the test. */
  readonly shownBy: readonly [file: string, title: string];
}

export const shownFaults: readonly ShownFault[] = [
  {
    what: "`local up`: a server dies while the engine runs",
    seen: "`local-server-ended` within seconds, with the server and the end of its log",
    exitCode: 2,
    afterwards: "each secret has its old or its new value",
    next: "starts the server and completes",
    shownBy: ["tests/chain/local-recovery.test.ts", "stops at once if a server that it needs dies"],
  },
  {
    what: "`local up`: killed between Vault's initialisation and the Secret with its keys",
    seen: "that the empty Vault is replaced",
    exitCode: 0,
    afterwards: "Vault is new and unsealed",
    next: "nothing to do",
    shownBy: [
      "tests/chain/local-recovery.test.ts",
      "as a start leaves it that was killed after Vault's initialisation",
    ],
  },
  {
    what: "`local up`: a full disk cut off Pulumi's state and its copy",
    seen: "which update the state was restored from; `disk-full` before anything starts if the disk is still full",
    exitCode: 0,
    afterwards: "the state of the last update that was written whole",
    next: "completes from there",
    shownBy: ["tests/chain/local-recovery.test.ts", "restores the state and its copy after a full disk"],
  },
  {
    what: "`local up`: interrupted, or killed during the update",
    seen: "that it was interrupted; nothing after a kill",
    exitCode: 130,
    afterwards: "no process is left; each secret has its old or its new value",
    next: "completes",
    shownBy: ["tests/chain/local-recovery.test.ts", "leaves nothing running, and nothing that disturbs the next start"],
  },
  {
    what: "`doctor`: the API server accepts and never answers",
    seen: "`cluster-not-readable` with the API server's address, within seconds",
    exitCode: 1,
    afterwards: "unchanged",
    next: "reads everything again",
    shownBy: ["tests/cli/operate/silent-server.test.ts", "names the API server instead of Vault's token"],
  },
  {
    what: "vault-bootstrap: killed at any moment",
    seen: "nothing; `doctor` names a run that did not end",
    exitCode: 137,
    afterwards: "each secret has its old or its new value",
    next: "completes once the Lease of the killed run has expired (30 s), and delivers what that run wrote",
    shownBy: ["tests/bootstrap/kills.test.ts", "leaves every secret at its old or its new value"],
  },
  {
    what: "vault-bootstrap: Vault loses its answer to the initialisation, or the run is killed before the keys are stored",
    seen: "`vault-orphaned`",
    exitCode: 24,
    afterwards: "Vault is empty, sealed and without a key",
    next: "names what to delete; locally `local up` does it",
    shownBy: [
      "tests/bootstrap/phases/initialise.test.ts",
      "fails as vault-orphaned after a run was killed between Vault's answer and the write of the Secret",
    ],
  },
  {
    what: "vault-bootstrap: a second writer changes a secret between read and write",
    seen: "`conflict` after a second mismatch",
    exitCode: 30,
    afterwards: "the other writer's value",
    next: "decides again with what Vault holds then",
    shownBy: ["tests/bootstrap/phases/write.test.ts", "fails as conflict after a second mismatch"],
  },
  {
    what: "External Secrets: does not run, or Vault is sealed",
    seen: "`doctor` names `eso-not-running` or `vault-sealed`; targets keep their last value",
    exitCode: 1,
    afterwards: "unchanged",
    next: "syncs once it is back",
    shownBy: ["tests/chain/doctor/breaks.ts", "eso-not-running"],
  },
];
