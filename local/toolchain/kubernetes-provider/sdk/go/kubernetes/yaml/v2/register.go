package yaml

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// RegisterResource registers an object of any kind, without outputs.
func RegisterResource(
	ctx *pulumi.Context, apiVersion, kind, name string, props pulumi.Input, opts ...pulumi.ResourceOption,
) (pulumi.CustomResource, error) {
	if apiVersion == "v1" {
		apiVersion = "core/v1"
	}
	var object pulumi.CustomResourceState
	err := ctx.RegisterResource("kubernetes:"+apiVersion+":"+kind, name, props, &object, opts...)
	return &object, err
}
