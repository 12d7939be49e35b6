package main

import (
	"context"
	"slices"
	"time"

	"github.com/prometheus/prometheus/rules"
)

// idle is whether an iteration would find every rule as the last one left it. Alerts that are then to be sent again, only so
// that Alertmanager does not think them over, are sent.
//
// What the iteration would do besides is write the samples of ALERTS, so no group with alerts is idle when a rule reads
// those, or when Prometheus is about to be restarted and will.
func (m *monitor) idle(ctx context.Context, group *rules.Group, at time.Time) bool {
	m.skipped.Lock()
	defer m.skipped.Unlock()
	firing := false
	for _, rule := range group.Rules() {
		alerting, ok := rule.(*rules.AlertingRule)
		if !ok {
			return false
		}
		e := m.analysed[rule]
		if e == nil {
			e = m.quiet.expression(alerting.Query().String())
			m.analysed[rule] = e
		}
		known, ok := m.quiet.holds(e, at.Add(-group.QueryOffset()))
		if !ok {
			return false
		}
		alerts := 0
		alerting.ForEachActiveAlert(func(alert *rules.Alert) {
			alerts++
			ok = ok && alert.State == rules.StateFiring && alert.KeepFiringSince.IsZero()
		})
		if !ok || alerts != len(known) {
			return false
		}
		firing = firing || alerts > 0
	}
	if firing && (m.selfish || m.soon(at)) {
		return false
	}
	for _, rule := range group.Rules() {
		m.resend(ctx, group, rule.(*rules.AlertingRule), at)
	}
	return true
}

// resend sends a rule's firing alerts again when it is time, as AlertingRule.Eval of Prometheus 3.11 would.
func (m *monitor) resend(ctx context.Context, group *rules.Group, rule *rules.AlertingRule, at time.Time) {
	delay := seconds(m.request.Prometheus.ResendDelay)
	due := []*rules.Alert{}
	rule.ForEachActiveAlert(func(alert *rules.Alert) {
		if alert.LastSentAt.Add(delay).Before(at) {
			alert.LastSentAt = at
			alert.ValidUntil = at.Add(4 * max(delay, group.Interval()))
			copied := *alert
			copied.Labels = alert.Labels.Copy() // the notifier changes them
			due = append(due, &copied)
		}
	})
	if len(due) > 0 {
		m.notify(ctx, m.analysed[rule].text, due...)
	}
}

// soon is whether Prometheus is restarted within the time for which its last samples count.
func (m *monitor) soon(at time.Time) bool {
	now := m.request.offset(at)
	return slices.ContainsFunc(m.request.Events, func(event Event) bool {
		return event.Kind == "restart" && now <= event.At && event.At < now+2*m.request.Prometheus.Lookback
	})
}
