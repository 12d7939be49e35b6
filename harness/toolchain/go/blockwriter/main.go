// Command blockwriter writes a Prometheus block of synthetic samples, as Prometheus's own storage would have.
//
// promtool's create-blocks-from reads text and takes 1.2 microseconds for each of it twice; fifteen days of six hundred
// series every fifteen seconds are 53 million samples. This is given what each series does in a slot of time instead, one
// JSON a line on standard input: first the times, then the series.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

// times says when samples are: the first is one step after the beginning, the last at the end of the last slot.
type times struct {
	Begins       int64 `json:"begins_ms"`
	Step         int64 `json:"step_ms"`
	StepsPerSlot int   `json:"steps_per_slot"`
	Slots        int   `json:"slots"`
	Digits       int   `json:"digits"`
}

// series is one series: what it rises by in each slot when it counts, or what it holds in each slot.
type series struct {
	Labels  map[string]string `json:"labels"`
	Counts  bool              `json:"counts"`
	PerSlot []float64         `json:"per_slot"`
	// Resets are the slots that begin with a restart: the counter begins at zero again.
	Resets []int `json:"resets"`
}

const samplesPerCommit = 50_000

func main() {
	if len(os.Args) != 2 {
		fail(errors.New("usage: blockwriter FOLDER < request"))
	}
	if err := write(os.Stdin, os.Args[1]); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "blockwriter:", err)
	os.Exit(1)
}

func write(request io.Reader, folder string) error {
	decoder := json.NewDecoder(bufio.NewReaderSize(request, 1<<20))
	var when times
	if err := decoder.Decode(&when); err != nil {
		return fmt.Errorf("the times: %w", err)
	}
	if when.Step <= 0 || when.StepsPerSlot <= 0 || when.Slots <= 0 {
		return errors.New("the times make no sense")
	}
	length := when.Step * int64(when.StepsPerSlot) * int64(when.Slots)
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	// One block holds it all, so that nothing is there to be compacted when a Prometheus opens it. The head takes
	// samples as old as half its range, and series come one after the other: hence twice the length.
	blocks, err := tsdb.NewBlockWriter(logger, folder, 2*(length+when.Step))
	if err != nil {
		return err
	}
	defer blocks.Close()
	ctx := context.Background()
	for {
		var one series
		if err := decoder.Decode(&one); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return fmt.Errorf("a series: %w", err)
		}
		if len(one.PerSlot) != when.Slots {
			return fmt.Errorf("%v has %d slots, not %d", one.Labels, len(one.PerSlot), when.Slots)
		}
		if err := appendSeries(ctx, blocks, when, one); err != nil {
			return fmt.Errorf("%v: %w", one.Labels, err)
		}
	}
	made, err := blocks.Flush(ctx)
	if err != nil {
		return err
	}
	fmt.Println(made.String())
	return nil
}

func appendSeries(ctx context.Context, blocks *tsdb.BlockWriter, when times, one series) error {
	app := blocks.Appender(ctx)
	resets := make(map[int]bool, len(one.Resets))
	for _, slot := range one.Resets {
		resets[slot] = true
	}
	own := labels.FromMap(one.Labels)
	scale := math.Pow10(when.Digits)
	var ref storage.SeriesRef
	before, began, pending := 0.0, 0.0, 0
	at := when.Begins
	for slot, risen := range one.PerSlot {
		if resets[slot] {
			began = before
		}
		for step := 1; step <= when.StepsPerSlot; step++ {
			at += when.Step
			value := risen
			if one.Counts {
				value = math.RoundToEven((before-began+risen*float64(step)/float64(when.StepsPerSlot))*scale) / scale
			}
			var err error
			if ref, err = app.Append(ref, own, at, value); err != nil {
				return err
			}
			if pending++; pending == samplesPerCommit {
				if err := app.Commit(); err != nil {
					return err
				}
				app, pending = blocks.Appender(ctx), 0
			}
		}
		before += risen
	}
	return app.Commit()
}
