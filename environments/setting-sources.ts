/** How to find out a setting that Azure decides. */
export const settingSources: Readonly<Record<string, string>> = {
  "azure.tenantId": "set the output of: az account show --query tenantId -o tsv",
  "azure.subscriptionId": "set the output of: az account show --query id -o tsv",
  "cluster.oidcIssuer":
    "set the output of: az aks show -g <group> -n <cluster> --query oidcIssuerProfile.issuerUrl -o tsv",
  "cluster.context": "set one of: kubectl config get-contexts -o name",
};
