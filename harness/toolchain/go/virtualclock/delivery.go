package main

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"github.com/prometheus/prometheus/notifier"
)

// alertmanagers is what discovery would find: the one Alertmanager, in every section that is to find any.
func (m *monitor) alertmanagers() map[string][]*targetgroup.Group {
	found := map[string][]*targetgroup.Group{}
	for name := range m.conf.AlertingConfig.AlertmanagerConfigs.ToMap() {
		found[name] = []*targetgroup.Group{{Targets: []model.LabelSet{{model.AddressLabel: "alertmanager"}}}}
		break
	}
	return found
}

// batch hands over together what is sent at about the same time. The notifier would send the alerts of an evaluation in one
// request or in several, as goroutines happen to run.
type batch struct {
	next   *notifier.Manager
	mutex  sync.Mutex
	alerts []*notifier.Alert
}

// Send keeps alerts for a millisecond.
func (b *batch) Send(alerts ...*notifier.Alert) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if len(b.alerts) == 0 {
		time.AfterFunc(time.Millisecond, b.flush)
	}
	b.alerts = append(b.alerts, alerts...)
}

func (b *batch) flush() {
	b.mutex.Lock()
	alerts := b.alerts
	b.alerts = nil
	b.mutex.Unlock()
	b.next.Send(alerts...)
}

// send hands a request of the notifier to Alertmanager's API.
//
// It takes a little time, each a little more than the one before. A group's timers start when its first alert arrives, so
// they would be due at the very moment at which later evaluations' alerts arrive, and either could win.
func (m *monitor) send(_ context.Context, _ *http.Client, request *http.Request) (*http.Response, error) {
	m.sent++
	time.Sleep(5*time.Millisecond + time.Duration(m.sent))
	return answer(m.receiver, request), nil
}
