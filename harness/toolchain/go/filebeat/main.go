// Filebeat as the harness builds it: the product's own command with its open-source inputs, and nothing of ours.
// Its own command package cannot be built from outside because a module's replace lines count only in the main module;
// go.mod repeats them.
package main

import (
	"os"

	"github.com/elastic/beats/v7/filebeat/cmd"
	inputs "github.com/elastic/beats/v7/filebeat/input/default-inputs"
)

func main() {
	if err := cmd.Filebeat(inputs.Init, cmd.FilebeatSettings()).Execute(); err != nil {
		os.Exit(1)
	}
}
