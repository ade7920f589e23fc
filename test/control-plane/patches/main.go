// Command patches applies strategic merge patches by the API server's own library: a JSON array of cases on stdin, a
// JSON array of answers on stdout.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/client-go/kubernetes/scheme"
)

type patchCase struct {
	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"`
	Original   json.RawMessage `json:"original"`
	Patch      json.RawMessage `json:"patch"`
}

type answer struct {
	Value json.RawMessage `json:"value,omitempty"`
	Error string          `json:"error,omitempty"`
}

func main() {
	if err := answerAll(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func answerAll() error {
	var cases []patchCase
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		return err
	}
	answers := make([]answer, len(cases))
	for i, c := range cases {
		object, err := scheme.Scheme.New(schema.FromAPIVersionAndKind(c.APIVersion, c.Kind))
		if err != nil {
			return err
		}
		if value, err := apply(c, object); err != nil {
			answers[i].Error = err.Error()
		} else {
			answers[i].Value = value
		}
	}
	return json.NewEncoder(os.Stdout).Encode(answers)
}

// apply gives a panic of the library as an error.
func apply(c patchCase, object runtime.Object) (value []byte, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	return strategicpatch.StrategicMergePatch(c.Original, c.Patch, object)
}
