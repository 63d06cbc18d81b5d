// Command convert tells what Tekton v1.12's events controller would send of a run. It reads a line of JSON for each: a TaskRun or
// PipelineRun (v1) or a CustomRun (v1beta1) as an API server gives it, {"quantity": "..."}, or {"fields": true}. It answers with a line:
// {"type", "source", "subject", "data"}, {"quantity"}, {"fields"} (types.go), or {"error"}. How it reads, converts and writes is Tekton's and
// Kubernetes' own code.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	v1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	"github.com/tektoncd/pipeline/pkg/reconciler/events/cloudevent"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kjson "sigs.k8s.io/json"
)

type answer struct {
	Type     string          `json:"type,omitempty"`
	Source   string          `json:"source,omitempty"`
	Subject  string          `json:"subject,omitempty"`
	Data     json.RawMessage `json:"data,omitempty"`
	Quantity string          `json:"quantity,omitempty"`
	Fields   structs         `json:"fields,omitempty"`
	Error    string          `json:"error,omitempty"`
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 0 {
			if err := encoder.Encode(answerTo(line)); err != nil {
				panic(err)
			}
		}
		if err == io.EOF {
			return
		}
		if err != nil {
			panic(err)
		}
	}
}

func answerTo(line []byte) answer {
	asked := struct {
		Kind     string  `json:"kind"`
		Quantity *string `json:"quantity"`
		Fields   bool    `json:"fields"`
	}{}
	if err := json.Unmarshal(line, &asked); err != nil {
		return answer{Error: err.Error()}
	}
	if asked.Quantity != nil {
		return canonical(*asked.Quantity)
	}
	if asked.Fields {
		return answer{Fields: structsOf(v1.TaskRun{}, v1.PipelineRun{}, v1beta1.CustomRun{})}
	}
	event, err := eventOf(asked.Kind, line)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return *event
}

func canonical(text string) answer {
	quantity := resource.Quantity{}
	written, err := json.Marshal(text)
	if err == nil {
		err = quantity.UnmarshalJSON(written)
	}
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Quantity: quantity.String()}
}

func eventOf(kind string, line []byte) (*answer, error) {
	switch kind {
	case "TaskRun":
		run := &v1.TaskRun{}
		if err := read(line, run); err != nil {
			return nil, err
		}
		return tell(cloudevent.EventForObjectWithCondition(context.Background(), run))
	case "PipelineRun":
		run := &v1.PipelineRun{}
		if err := read(line, run); err != nil {
			return nil, err
		}
		return tell(cloudevent.EventForObjectWithCondition(context.Background(), run))
	case "CustomRun":
		run := &v1beta1.CustomRun{}
		if err := read(line, run); err != nil {
			return nil, err
		}
		return tell(cloudevent.EventForObjectWithCondition(context.Background(), run))
	}
	return nil, fmt.Errorf("no such kind: %q", kind)
}

// read decodes as client-go does, which then forgets the kind of what it watches.
func read(line []byte, run interface{ GetObjectKind() schema.ObjectKind }) error {
	if err := kjson.UnmarshalCaseSensitivePreserveInts(line, run); err != nil {
		return err
	}
	run.GetObjectKind().SetGroupVersionKind(schema.GroupVersionKind{})
	return nil
}

func tell(event *cloudevents.Event, err error) (*answer, error) {
	if err != nil {
		return nil, err
	}
	return &answer{Type: event.Type(), Source: event.Source(), Subject: event.Subject(), Data: event.Data()}, nil
}
