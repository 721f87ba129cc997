import { CronJob, Job } from "@pulumi/kubernetes/batch/v1/index.js";
import { ConfigMap, ServiceAccount } from "@pulumi/kubernetes/core/v1/index.js";
import { Role, RoleBinding } from "@pulumi/kubernetes/rbac/v1/index.js";
import * as pulumi from "@pulumi/pulumi";
import type { EnvironmentStack } from "../domain/plan/environment.ts";
import {
  bootstrapRole,
  bootstrapRoleBinding,
  bootstrapServiceAccount,
  deliveryAccess,
} from "../domain/manifests/bootstrap-access.ts";
import {
  bootstrapConfigMap,
  bootstrapCronJob,
  bootstrapSyncJob,
  syncDeadlineInSeconds,
} from "../domain/manifests/bootstrap.ts";

export interface VaultBootstrapArgs {
  readonly stack: EnvironmentStack;
  /** Of the identity, as an output: a literal goes stale when the identity is made again. */
  readonly clientId: pulumi.Input<string>;
  /** What one run depends on; part of the Job's name. Left out, there is no Job: Vault may still be sealed. */
  readonly syncDigest?: pulumi.Input<string> | undefined;
  /** What a run needs in addition to the objects created here, such as Vault's mounts, policies and roles. */
  readonly needs: readonly pulumi.Resource[];
}

/** Makes Vault agree with Key Vault, on a schedule and once in each update. Deleting it loses no secret. */
export class VaultBootstrap extends pulumi.ComponentResource {
  /** Kubernetes name of the CronJob, by which `doctor` finds its runs. */
  readonly cronJobName: pulumi.Output<string>;

  constructor(name: string, args: VaultBootstrapArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ameide-secrets:bootstrap:VaultBootstrap", name, {}, opts);
    const child = { parent: this };
    const access = accessObjects(name, args, child);
    const bundle = bundleConfigMap(name, args, child);
    const cronJob = scheduledRun(name, args, { ...child, dependsOn: [...access, bundle, ...args.needs] });
    syncRun(name, args, { ...child, dependsOn: cronJob });

    this.cronJobName = cronJob.metadata.name;
    this.registerOutputs({ cronJobName: this.cronJobName });
  }
}

function accessObjects(name: string, { stack, clientId }: VaultBootstrapArgs, opts: pulumi.CustomResourceOptions) {
  const account = new ServiceAccount(`${name}-account`, bootstrapServiceAccount(stack, clientId), opts);
  const role = new Role(`${name}-role`, bootstrapRole(stack), opts);
  const binding = new RoleBinding(`${name}-role-binding`, bootstrapRoleBinding(stack), { ...opts, dependsOn: role });
  const delivery = deliveryAccess(stack).flatMap((access) => [
    new Role(`${name}-delivery-${access.namespace}`, access.role, opts),
    new RoleBinding(`${name}-delivery-binding-${access.namespace}`, access.binding, opts),
  ]);
  return [account, binding, ...delivery];
}

function bundleConfigMap(name: string, { stack }: VaultBootstrapArgs, opts: pulumi.CustomResourceOptions): ConfigMap {
  return new ConfigMap(`${name}-bundle`, bootstrapConfigMap(stack), opts);
}

function scheduledRun(
  name: string,
  { stack, clientId }: VaultBootstrapArgs,
  opts: pulumi.CustomResourceOptions,
): CronJob {
  return new CronJob(`${name}-cronjob`, bootstrapCronJob(stack, clientId), opts);
}

/** A Job that failed is made again by the next update (`replaceUnready`); one that did well, only under a new name. */
function syncRun(
  name: string,
  { stack, clientId, syncDigest }: VaultBootstrapArgs,
  opts: pulumi.CustomResourceOptions,
) {
  if (syncDigest === undefined) return;
  const job = bootstrapSyncJob(stack, clientId, pulumi.interpolate`${stack.bootstrap.name}-sync-${syncDigest}`);
  const metadata = { ...job.metadata, annotations: { "pulumi.com/replaceUnready": "true" } };
  const wait = `${syncDeadlineInSeconds + 60}s`;
  new Job(`${name}-sync`, { ...job, metadata }, { ...opts, customTimeouts: { create: wait, update: wait } });
}
