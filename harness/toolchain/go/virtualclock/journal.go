package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"sort"
	"strings"
	"sync"
	"time"
)

// journal collects what happened. It is written in order of time, and within a moment in an order of its own, because
// goroutines that wake at the same moment run in any.
type journal struct {
	mutex   sync.Mutex
	request *Request
	entries []entry
	said    map[string]bool
}

type entry struct {
	at   time.Time
	line []byte
}

func newJournal(request *Request) *journal {
	return &journal{request: request, said: map[string]bool{}}
}

// add keeps a record of a kind, at this moment.
func (j *journal) add(kind string, record map[string]any) {
	now := time.Now()
	record["kind"] = kind
	record["at"] = j.request.offset(now)
	line, err := json.Marshal(record)
	if err != nil {
		fail(fmt.Errorf("cannot write a %s: %w", kind, err))
	}
	j.mutex.Lock()
	defer j.mutex.Unlock()
	j.entries = append(j.entries, entry{now, line})
}

func (j *journal) write(to io.Writer) error {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	sort.SliceStable(j.entries, func(a, b int) bool {
		if !j.entries[a].at.Equal(j.entries[b].at) {
			return j.entries[a].at.Before(j.entries[b].at)
		}
		return string(j.entries[a].line) < string(j.entries[b].line)
	})
	buffered := bufio.NewWriter(to)
	for _, entry := range j.entries {
		buffered.Write(entry.line)
		buffered.WriteByte('\n')
	}
	return buffered.Flush()
}

// logger passes the products' warnings and errors on, each text once.
func (j *journal) logger(product string) *slog.Logger {
	return slog.New(&handler{journal: j, product: product})
}

type handler struct {
	journal *journal
	product string
	with    string
}

func (h *handler) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

func (h *handler) Handle(_ context.Context, record slog.Record) error {
	text := &strings.Builder{}
	text.WriteString(record.Message + h.with)
	record.Attrs(func(a slog.Attr) bool {
		fmt.Fprintf(text, " %s=%v", a.Key, a.Value.Any())
		return true
	})
	said := h.product + text.String()
	h.journal.mutex.Lock()
	before := h.journal.said[said]
	h.journal.said[said] = true
	h.journal.mutex.Unlock()
	if !before {
		h.journal.add("log", map[string]any{"product": h.product, "level": record.Level.String(), "text": text.String()})
	}
	return nil
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := h.with
	for _, a := range attrs {
		with += fmt.Sprintf(" %s=%v", a.Key, a.Value.Any())
	}
	return &handler{h.journal, h.product, with}
}

func (h *handler) WithGroup(string) slog.Handler { return h }
