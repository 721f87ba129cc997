import { CronJob, Job } from "@pulumi/kubernetes/batch/v1/index.js";
import { ConfigMap, ServiceAccount } from "@pulumi/kubernetes/core/v1/index.js";
import { Role, RoleBinding } from "@pulumi/kubernetes/rbac/v1/index.js";
import * as pulumi from "@pulumi/pulumi";
import type { EnvironmentStack } from "../domain/plan/environment.ts";
import * as access from "../domain/manifests/bootstrap-access.ts";
import * as run from "../domain/manifests/bootstrap.ts";

export interface VaultBootstrapArgs {
  readonly stack: EnvironmentStack;
  /** Of the identity, as an output: a literal is wrong once the identity is created again. */
  readonly clientId: pulumi.Input<string>;
  /** What one run depends on; part of the Job's name. Left out, there is no Job: Vault may still be sealed. */
  readonly syncDigest?: pulumi.Input<string> | undefined;
  /** What a run needs in addition to the objects created here, such as Vault's mounts, policies and roles. */
  readonly needs: readonly pulumi.Resource[];
}

/** Copies what Key Vault has into Vault, on a schedule and once in each update. Deleting it loses no secret. */
export class VaultBootstrap extends pulumi.ComponentResource {
  /** Kubernetes name of the CronJob, by which `doctor` finds its runs. */
  readonly cronJobName: pulumi.Output<string>;

  constructor(name: string, args: VaultBootstrapArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ameide-secrets:bootstrap:VaultBootstrap", name, {}, opts);
    const { stack, clientId, syncDigest, needs } = args;
    const child = { parent: this };
    const account = new ServiceAccount(`${name}-account`, access.bootstrapServiceAccount(stack, clientId), child);
    const role = new Role(`${name}-role`, access.bootstrapRole(stack), child);
    const inRole = { ...child, dependsOn: role };
    const binding = new RoleBinding(`${name}-role-binding`, access.bootstrapRoleBinding(stack), inRole);
    const toDeliveries = access
      .deliveryAccess(stack)
      .flatMap(({ namespace, role: reader, binding: toReader }) => [
        new Role(`${name}-delivery-${namespace}`, reader, child),
        new RoleBinding(`${name}-delivery-binding-${namespace}`, toReader, child),
      ]);
    const bundle = new ConfigMap(`${name}-bundle`, run.bootstrapConfigMap(stack), child);
    const dependsOn = [account, binding, ...toDeliveries, bundle, ...needs];
    const cronJob = new CronJob(`${name}-cronjob`, run.bootstrapCronJob(stack, clientId), { ...child, dependsOn });
    if (syncDigest !== undefined) {
      const job = run.bootstrapSyncJob(stack, clientId, pulumi.interpolate`${stack.bootstrap.name}-sync-${syncDigest}`);
      // a Job that failed is created again by the next update; one that succeeded, only under a new name
      const metadata = { ...job.metadata, annotations: { "pulumi.com/replaceUnready": "true" } };
      const wait = `${run.syncDeadlineInSeconds + 60}s`;
      const patience = { customTimeouts: { create: wait, update: wait } };
      new Job(`${name}-sync`, { ...job, metadata }, { ...child, ...patience, dependsOn: cronJob });
    }

    this.cronJobName = cronJob.metadata.name;
    this.registerOutputs({ cronJobName: this.cronJobName });
  }
}
