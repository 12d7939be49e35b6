// The virtual clock: Prometheus's own rules, TSDB and notifier and Alertmanager's own API, inhibitor, dispatcher, silences,
// time intervals and notification log, on one clock that jumps from timer to timer, so that a week takes seconds.
//
//	virtualclock -input request.json [-no-skip] > timeline.ndjson
//
// The clock is testing/synctest, which wants a *testing.T. `go test -c` would give one, but its programs are not built as
// the others are (`go build`, trimmed paths, pinned flags). testing.Main, which is kept for systems that simulate `go test`,
// gives the same *testing.T in an ordinary program; it was tried with Go 1.26.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"testing"
	"testing/synctest"
	"time"

	// Time intervals name time zones; the machine need not know them.
	_ "time/tzdata"
)

var (
	input  = flag.String("input", "", "the request, a JSON document")
	noSkip = flag.Bool("no-skip", false, "evaluate every rule and store every sample, also while nothing can change")
)

func main() {
	// Memory is plentiful for what is kept, and most of what is made is thrown away at once.
	debug.SetGCPercent(400)
	match := func(_, _ string) (bool, error) { return true, nil }
	testing.Main(match, []testing.InternalTest{{Name: "virtualclock", F: inBubble}}, nil, nil)
}

func inBubble(t *testing.T) {
	request, err := readRequest(*input)
	if err != nil {
		fail(err)
	}
	synctest.Test(t, func(*testing.T) {
		// A bubble begins on 2000-01-01. Nothing is due before the simulation starts, so this takes no time.
		time.Sleep(time.Until(request.moment(0)))
		journal := newJournal(request)
		if err := simulate(request, journal, !*noSkip); err != nil {
			fail(err)
		}
		if err := journal.write(os.Stdout); err != nil {
			fail(err)
		}
		// The products' goroutines are still waiting for their timers; a bubble may not end with any.
		os.Exit(0)
	})
}

// simulate runs both products from the start to the end of the request.
func simulate(request *Request, journal *journal, skip bool) error {
	folder, err := os.MkdirTemp("", "virtualclock")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	receiver, err := startAlertmanager(request, journal)
	if err != nil {
		return fmt.Errorf("Alertmanager: %w", err)
	}
	monitor, err := openPrometheus(request, journal, receiver, folder, skip)
	if err != nil {
		return fmt.Errorf("Prometheus: %w", err)
	}
	if err := monitor.start(); err != nil {
		return fmt.Errorf("Prometheus: %w", err)
	}
	if err := happen(request, journal, monitor, receiver); err != nil {
		return err
	}
	time.Sleep(time.Until(request.moment(request.Duration)))
	synctest.Wait()
	monitor.count()
	return nil
}

func readRequest(path string) (*Request, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var request Request
	if err := json.Unmarshal(text, &request); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &request, nil
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "virtualclock:", err)
	os.Exit(1)
}
