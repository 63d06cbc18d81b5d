// Command verdicts tells what the CDEvents Go SDK makes of events: it reads a line of JSON each, {"version", "event"}, from its input, and
// writes a line of JSON each, {"error"}, to its output; an empty error is an event that was read and is valid. It makes the two
// calls that Flux's Receiver makes.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"github.com/cdevents/sdk-go/pkg/api"
	"github.com/cdevents/sdk-go/pkg/api/v04"
	"github.com/cdevents/sdk-go/pkg/api/v05"
)

type question struct {
	Version string          `json:"version"`
	Event   json.RawMessage `json:"event"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	out := bufio.NewWriter(os.Stdout)
	for lines.Scan() {
		answer, err := json.Marshal(map[string]string{"error": verdict(lines.Bytes())})
		if err != nil {
			fail(err)
		}
		if _, err := out.Write(append(answer, '\n')); err != nil {
			fail(err)
		}
	}
	if err := lines.Err(); err != nil {
		fail(err)
	}
	if err := out.Flush(); err != nil {
		fail(err)
	}
}

// verdict is empty for a valid event. The SDK panics on some package URLs; whoever calls it gets no event then either.
func verdict(line []byte) (answer string) {
	defer func() {
		if caught := recover(); caught != nil {
			answer = fmt.Sprint("panic: ", caught)
		}
	}()
	var asked question
	if err := json.Unmarshal(line, &asked); err != nil {
		fail(err)
	}
	event, err := read(asked)
	if err == nil {
		err = api.Validate(event)
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func read(asked question) (api.CDEventReader, error) {
	switch asked.Version {
	case "0.4.1":
		return v04.NewFromJsonBytes(asked.Event)
	case "0.5.1":
		return v05.NewFromJsonBytes(asked.Event)
	default:
		return nil, fmt.Errorf("no version %q of the specification", asked.Version)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
