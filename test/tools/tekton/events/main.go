// Command events is Tekton's cmd/events (v1.12) without its probe servers: those listen on every interface, and one of
// them on a fixed port. The reconcilers and how they are started are Tekton's own.
package main

import (
	"github.com/tektoncd/pipeline/pkg/reconciler/notifications/customrun"
	"github.com/tektoncd/pipeline/pkg/reconciler/notifications/pipelinerun"
	"github.com/tektoncd/pipeline/pkg/reconciler/notifications/taskrun"
	"knative.dev/pkg/injection"
	"knative.dev/pkg/injection/sharedmain"
	"knative.dev/pkg/signals"
)

func main() {
	cfg := injection.ParseAndGetRESTConfigOrDie()
	ctx := sharedmain.WithHealthProbesDisabled(sharedmain.WithHADisabled(signals.NewContext()))
	sharedmain.MainWithConfig(ctx, "events-controller", cfg,
		customrun.NewController(),
		taskrun.NewController(),
		pipelinerun.NewController(),
	)
}
