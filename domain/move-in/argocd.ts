/** Which tool applies an object, as that tool finds out. */
export interface Tracking {
  /** ArgoCD's Application (`<namespace>_<name>` outside of ArgoCD's own namespace), or the Helm release. */
  readonly application: string;
  readonly by: "annotation" | "label" | "helm";
}

/** The part of an object that ArgoCD and Helm decide by. */
export interface Tracked {
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

const trackingAnnotation = "argocd.argoproj.io/tracking-id";
export const instanceLabel = "app.kubernetes.io/instance";
const releaseAnnotation = "meta.helm.sh/release-name";
const syncOptionsAnnotation = "argocd.argoproj.io/sync-options";
const helmPolicyAnnotation = "helm.sh/resource-policy";

/**
 * By ArgoCD's annotation, `<application>:<group>/<kind>:<namespace>/<name>`, unless copied from another object; by
 * Helm's; or by the label. Charts set that too, but it counts, because it is not visible whether ArgoCD prunes such an object.
 * @see https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/
 */
export function trackingOf({ kind, metadata: { name, annotations = {}, labels = {} } }: Tracked): Tracking | undefined {
  const [application = "", type = "", ...object] = (annotations[trackingAnnotation] ?? "").split(":");
  const isOfThis = object.join(":").endsWith(`/${name}`) && (kind === undefined || type.endsWith(`/${kind}`));
  if (application !== "" && isOfThis) return { application, by: "annotation" };
  const release = annotations[releaseAnnotation];
  if (release !== undefined) return { application: release, by: "helm" };
  const instance = labels[instanceLabel];
  return instance === undefined ? undefined : { application: instance, by: "label" };
}

/** An Application, as far as it decides what is pruned. */
export interface Application {
  /** As objects name it; see {@link Tracking}. */
  readonly name: string;
  /** Such as `Prune=false`: holds for objects that say nothing themselves. */
  readonly syncOptions: readonly string[];
  readonly selfHeals: boolean;
  /** Objects that are live and no longer in its source, as `Kind namespace/name`. */
  readonly extraneous: readonly string[];
}

/**
 * Whether an object stays that leaves the source of its Application or release. Both tools decide by the live object; for
 * ArgoCD the object's option wins over the Application's.
 * @see https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/#no-prune-resources
 * @see https://helm.sh/docs/howto/charts_tips_and_tricks/#tell-helm-not-to-uninstall-a-resource
 */
export function isKept(object: Tracked, application?: Application): boolean {
  if (trackingOf(object)?.by === "helm") return object.metadata.annotations?.[helmPolicyAnnotation] === "keep";
  const own = optionsOf(object).find((option) => option.startsWith("Prune="));
  return (own ?? application?.syncOptions.find((option) => option.startsWith("Prune="))) === "Prune=false";
}

function optionsOf({ metadata: { annotations = {} } }: Tracked): readonly string[] {
  return (annotations[syncOptionsAnnotation] ?? "").split(",").flatMap((option) => option.trim() || []);
}

/** The annotation that keeps an object, both when it leaves its source and (in ArgoCD) when the Application goes. */
export function keeping(object: Tracked): string {
  if (trackingOf(object)?.by === "helm") return `${helmPolicyAnnotation}=keep`;
  const others = optionsOf(object).filter((option) => !/^(Prune|Delete)=/.test(option));
  return `${syncOptionsAnnotation}=${[...others, "Prune=false", "Delete=false"].join(",")}`;
}

/** Arguments of `kubectl annotate` and `kubectl label` that make an object forget the tool that applied it. */
export function untracking(tracking: Tracking | undefined): readonly (readonly [verb: string, args: string])[] {
  if (tracking?.by === "helm")
    return [["annotate", `${releaseAnnotation}- meta.helm.sh/release-namespace- ${helmPolicyAnnotation}-`]];
  return [
    ["annotate", `${trackingAnnotation}- ${syncOptionsAnnotation}-`],
    ["label", `${instanceLabel}-`], // alone it counts as tracking
  ];
}
