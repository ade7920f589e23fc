// Command control-plane is a Kubernetes control plane for tests: etcd, kube-apiserver and
// kube-controller-manager in one binary, from the upstream modules, one process per component
// (the API server installs the process's signal handler, and feature gates are global).
//
//	control-plane etcd        [flags of etcd]
//	control-plane apiserver   [flags of kube-apiserver]
//	control-plane controllers [flags of kube-controller-manager]
//
// Every component lives no longer than its standard input: start it with a pipe, and it is gone
// when the writing end closes, also when the process holding that end was killed.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

func main() {
	if len(os.Args) < 2 {
		fail("usage: control-plane etcd|apiserver|controllers [flags]")
	}
	component, args := os.Args[1], os.Args[2:]
	go exitAtEndOf(os.Stdin)
	switch component {
	case "etcd":
		etcdmain.Main(append([]string{"etcd"}, args...))
	case "apiserver":
		os.Exit(run(apiserver.NewAPIServerCommand(), args))
	case "controllers":
		os.Exit(run(controllers.NewControllerManagerCommand(), args))
	default:
		fail("unknown component %q; known are etcd, apiserver and controllers", component)
	}
}

func run(command *cobra.Command, args []string) int {
	command.SetArgs(args)
	return cli.Run(command)
}

func exitAtEndOf(input io.Reader) {
	_, _ = io.Copy(io.Discard, input)
	os.Exit(0)
}

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}
