package main

import (
	"fmt"
	"strconv"
	"sync"

	"github.com/prometheus/prometheus/rules"
)

// digits is how many digits of a value are told. The last ones of a rate depend on where on a counter it is taken.
const digits = 12

// states notices when an alert changes its state.
type states struct {
	mutex   sync.Mutex
	journal *journal
	known   map[string]map[string]known
}

type known struct {
	state  string
	record map[string]any
}

func newStates(journal *journal) *states {
	return &states{journal: journal, known: map[string]map[string]known{}}
}

// compare looks at a group after an iteration and keeps what is different.
func (s *states) compare(group *rules.Group) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for i, each := range group.Rules() {
		rule, ok := each.(*rules.AlertingRule)
		if !ok {
			continue
		}
		key := fmt.Sprint(group.File(), ";", group.Name(), ";", i)
		before, now := s.known[key], map[string]known{}
		rule.ForEachActiveAlert(func(alert *rules.Alert) {
			state := alert.State.String()
			if state == "inactive" {
				state = "resolved" // kept for a while, so that Alertmanager hears of it
			}
			now[alert.Labels.String()] = known{state, map[string]any{
				"alert": rule.Name(), "group": group.Name(), "labels": alert.Labels.Map(),
				"annotations": alert.Annotations.Map(), "value": strconv.FormatFloat(alert.Value, 'g', digits, 64),
				"since": s.journal.request.offset(alert.ActiveAt),
			}}
		})
		for labels, alert := range now {
			if before[labels].state != alert.state {
				s.tell(alert, orInactive(before[labels].state), alert.state)
			}
		}
		for labels, alert := range before {
			if _, still := now[labels]; !still && alert.state == "pending" {
				s.tell(alert, alert.state, "inactive")
			}
		}
		s.known[key] = now
	}
}

func (s *states) tell(alert known, before, now string) {
	record := map[string]any{"was": before, "state": now}
	for name, value := range alert.record {
		record[name] = value
	}
	s.journal.add("transition", record)
}

func orInactive(state string) string {
	if state == "" {
		return "inactive"
	}
	return state
}
