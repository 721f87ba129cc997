// Package kubernetes and its two packages are what the provider uses of Pulumi's Go SDK for Kubernetes, in its components
// for YAML files and Helm charts. The SDK itself has a generated type for every field of every kind: compiling it takes
// longer than all the rest of the provider, which serves resources without it.
package kubernetes

import "reflect"

// UntypedArgs are the inputs of an object of any kind.
type UntypedArgs map[string]any

// ElementType makes them a pulumi.Input.
func (UntypedArgs) ElementType() reflect.Type {
	return reflect.TypeFor[map[string]any]()
}
