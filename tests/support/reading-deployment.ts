/** A Deployment with pods that read a Secret from the environment, once at their start, or from a file, and do nothing. */
export function readingDeployment(name: string, secret: string, by: "environment" | "file"): object {
  const container = {
    name: "main",
    image: "gcr.io/distroless/nodejs22-debian12",
    command: ["/nodejs/bin/node", "-e", "setInterval(() => {}, 60_000)"],
  };
  const read =
    by === "environment"
      ? { containers: [{ ...container, envFrom: [{ secretRef: { name: secret } }] }] }
      : {
          containers: [{ ...container, volumeMounts: [{ name: "secret", mountPath: "/secret" }] }],
          volumes: [{ name: "secret", secret: { secretName: secret } }],
        };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: read },
    },
  };
}
