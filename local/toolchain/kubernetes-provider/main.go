// Pulumi's Kubernetes provider, from the public module that its released plugin is built from. The plugin embeds two
// generated files that the module does not contain: the package's schema and a mapping of Terraform's names. Its provider
// reads the schema in one place: an import has the top-level fields that the schema lists as inputs of a kind.
package main

import (
	"encoding/json"
	"os"
	"strings"
	"time"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"k8s.io/client-go/kubernetes/scheme"
)

// The linker sets the version of the SDK in package.json: the engine warns about a plugin that reports an older one.
var version string

func main() {
	go endWithEngine(os.Getppid())
	provider.Serve("kubernetes", version, schema(), []byte("{}"))
}

// An engine that is killed while it starts the plugin would leave it behind: the module only notices later losses.
func endWithEngine(engine int) {
	for engine != 1 && os.Getppid() == engine {
		time.Sleep(time.Second)
	}
	os.Exit(1)
}

type resource struct {
	InputProperties map[string]struct{} `json:"inputProperties"`
}

// The built-in kinds with their fields. Custom resources have none, as in the released plugin.
func schema() []byte {
	resources := map[string]resource{}
	for kind, object := range scheme.Scheme.AllKnownTypes() {
		inputs := map[string]struct{}{"apiVersion": {}, "kind": {}}
		for index := range object.NumField() {
			name, _, _ := strings.Cut(object.Field(index).Tag.Get("json"), ",")
			if name != "" && name != "status" {
				inputs[name] = struct{}{}
			}
		}
		group := kind.Group
		if group == "" {
			group = "core"
		}
		resources["kubernetes:"+group+"/"+kind.Version+":"+kind.Kind] = resource{inputs}
	}
	text, err := json.Marshal(map[string]any{"name": "kubernetes", "resources": resources})
	if err != nil {
		panic(err)
	}
	return text
}
