package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sort"
	"time"

	"github.com/prometheus/alertmanager/matcher/compat"
)

// happen lets the events of the request happen, each in its time. Returns when the last is over.
func happen(request *Request, journal *journal, m *monitor, receiver http.Handler) error {
	type step struct {
		at float64
		do func() error
	}
	var steps []step
	silences := map[string]string{}
	for _, event := range request.Events {
		tell := func(what string) {
			journal.add("event", map[string]any{"event": event.Kind, "name": event.Name, "text": what})
		}
		switch event.Kind {
		case "restart":
			steps = append(steps,
				step{event.At, func() error { m.stop(); tell("Prometheus stopped"); return nil }},
				step{event.At + event.For, func() error { tell("Prometheus started"); return m.start() }})
		case "silence":
			steps = append(steps, step{event.At, func() error {
				id, err := createSilence(receiver, event)
				silences[event.Name] = id
				tell(fmt.Sprintf("silenced %v as %s", event.Matchers, id))
				return err
			}})
		case "expire":
			steps = append(steps, step{event.At, func() error {
				tell("silence expired")
				_, err := call(receiver, http.MethodDelete, "/api/v2/silence/"+silences[event.Name], nil)
				return err
			}})
		default:
			return fmt.Errorf("no such event: %q", event.Kind)
		}
	}
	sort.SliceStable(steps, func(a, b int) bool { return steps[a].at < steps[b].at })
	for _, step := range steps {
		if step.at > request.Duration {
			break
		}
		time.Sleep(time.Until(request.moment(step.at)))
		if err := step.do(); err != nil {
			return err
		}
	}
	return nil
}

// createSilence creates a silence through the API, as amtool does, and returns its id.
func createSilence(receiver http.Handler, event Event) (string, error) {
	matchers := []map[string]any{}
	for _, text := range event.Matchers {
		matcher, err := compat.Matcher(text, "silence")
		if err != nil {
			return "", err
		}
		kind := matcher.Type.String()
		matchers = append(matchers, map[string]any{
			"name": matcher.Name, "value": matcher.Value, "isRegex": kind == "=~" || kind == "!~", "isEqual": kind == "=" || kind == "=~",
		})
	}
	now := time.Now()
	body, err := json.Marshal(map[string]any{
		"matchers": matchers, "startsAt": now, "endsAt": now.Add(seconds(event.For)), "createdBy": "scenario", "comment": event.Name,
	})
	if err != nil {
		return "", err
	}
	text, err := call(receiver, http.MethodPost, "/api/v2/silences", body)
	if err != nil {
		return "", err
	}
	var created struct {
		SilenceID string `json:"silenceID"`
	}
	return created.SilenceID, json.Unmarshal(text, &created)
}
