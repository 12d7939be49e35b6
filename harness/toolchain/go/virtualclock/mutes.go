package main

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/provider"
	"github.com/prometheus/alertmanager/types"
	"github.com/prometheus/common/model"
)

// watcher stands before Alertmanager's pipeline and notices which alerts it mutes, and why.
type watcher struct {
	next    notify.Stage
	marker  *types.MemMarker
	alerts  provider.Alerts
	journal *journal
	mutex   sync.Mutex
	muted   map[string]mute // by group and alert
}

type mute struct {
	by      string
	sources []string
	record  map[string]any
}

// Exec runs the pipeline, then compares what is muted with what was.
func (w *watcher) Exec(ctx context.Context, l *slog.Logger, alerts ...*types.Alert) (context.Context, []*types.Alert, error) {
	ctx, left, err := w.next.Exec(ctx, l, alerts...)
	w.mutex.Lock()
	defer w.mutex.Unlock()
	group, _ := notify.GroupKey(ctx)
	prefix, now := group+"\xff", map[string]mute{}
	for _, alert := range alerts {
		if m := w.reason(ctx, alert); m.by != "" && !alert.Resolved() {
			now[prefix+alert.Fingerprint().String()] = m
		}
	}
	for key, before := range w.muted {
		if !strings.HasPrefix(key, prefix) {
			continue
		}
		if m, still := now[key]; !still || m.by != before.by || !slices.Equal(m.sources, before.sources) {
			w.tell("end", before)
			delete(w.muted, key)
		}
	}
	for key, m := range now {
		if _, told := w.muted[key]; !told {
			w.tell("begin", m)
			w.muted[key] = m
		}
	}
	return ctx, left, err
}

// reason is why an alert is muted, in the order in which the pipeline asks.
func (w *watcher) reason(ctx context.Context, alert *types.Alert) mute {
	receiver, _ := notify.ReceiverName(ctx)
	group, _ := notify.GroupKey(ctx)
	route, _ := notify.RouteID(ctx)
	m := mute{record: map[string]any{
		"alert": alert.Name(), "labels": alert.Labels, "receiver": receiver, "group": group,
	}}
	status := w.marker.Status(alert.Fingerprint())
	names, asleep := w.marker.Muted(route, group)
	switch {
	case len(status.InhibitedBy) > 0:
		m.by = "inhibition"
		for _, id := range status.InhibitedBy {
			m.sources = append(m.sources, w.name(id))
		}
	case asleep:
		m.by, m.sources = "time interval", names
	case len(status.SilencedBy) > 0:
		m.by, m.sources = "silence", status.SilencedBy
	}
	slices.Sort(m.sources)
	return m
}

// name is the labels of the alert that inhibits.
func (w *watcher) name(id string) string {
	fingerprint, err := model.ParseFingerprint(id)
	if err != nil {
		return id
	}
	source, err := w.alerts.Get(fingerprint)
	if err != nil {
		return id
	}
	return source.Labels.String()
}

func (w *watcher) tell(state string, m mute) {
	record := map[string]any{"state": state, "by": m.by, "sources": m.sources}
	for name, value := range m.record {
		record[name] = value
	}
	w.journal.add("mute", record)
}
