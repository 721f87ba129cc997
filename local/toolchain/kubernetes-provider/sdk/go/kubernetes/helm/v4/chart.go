package helm

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// RepositoryOpts say where a chart's repository is and who may read it.
type RepositoryOpts struct {
	CaFile   pulumi.AssetOrArchive `pulumi:"caFile"`
	CertFile pulumi.AssetOrArchive `pulumi:"certFile"`
	KeyFile  pulumi.AssetOrArchive `pulumi:"keyFile"`
	Password *string               `pulumi:"password"`
	Repo     *string               `pulumi:"repo"`
	Username *string               `pulumi:"username"`
}

// RepositoryOptsInput are RepositoryOpts before they are known.
type RepositoryOptsInput interface{ pulumi.Input }

// PostRenderer is a program that changes what a chart renders.
type PostRenderer struct {
	Args    []string `pulumi:"args"`
	Command string   `pulumi:"command"`
}

// PostRendererInput is a PostRenderer before it is known.
type PostRendererInput interface{ pulumi.Input }
