package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/alertmanager/api"
	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/featurecontrol"
	"github.com/prometheus/alertmanager/inhibit"
	"github.com/prometheus/alertmanager/matcher/compat"
	"github.com/prometheus/alertmanager/nflog"
	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/provider/mem"
	"github.com/prometheus/alertmanager/silence"
	"github.com/prometheus/alertmanager/template"
	"github.com/prometheus/alertmanager/timeinterval"
	"github.com/prometheus/alertmanager/types"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/route"
)

// maintenance is how often Alertmanager collects expired silences and log entries (--data.maintenance-interval).
const maintenance = 15 * time.Minute

// startAlertmanager wires Alertmanager's parts as its own main does, and returns its API.
func startAlertmanager(request *Request, journal *journal) (http.Handler, error) {
	given := request.Alertmanager
	logger, registry, flags := journal.logger("alertmanager"), prometheus.NewRegistry(), featurecontrol.NoopFlags{}
	compat.InitFromFlags(logger, flags)
	conf, err := config.LoadFile(given.Config)
	if err != nil {
		return nil, err
	}
	address, err := url.Parse(given.ExternalURL)
	if err != nil {
		return nil, err
	}
	address.Path = strings.TrimRight(address.Path, "/")
	log, err := nflog.New(nflog.Options{Retention: seconds(given.Retention), Logger: logger, Metrics: registry})
	if err != nil {
		return nil, err
	}
	go log.Maintenance(maintenance, "", make(chan struct{}), nil)
	marker := types.NewMarker(registry)
	silences, err := silence.New(silence.Options{Retention: seconds(given.Retention), Logger: logger, Metrics: registry})
	if err != nil {
		return nil, err
	}
	go silences.Maintenance(maintenance, "", make(chan struct{}), nil)
	alerts, err := mem.NewAlerts(context.Background(), marker, seconds(given.GCInterval), 0, nil, logger, registry, flags)
	if err != nil {
		return nil, err
	}
	tmpl, err := template.FromGlobs(conf.Templates)
	if err != nil {
		return nil, fmt.Errorf("failed to parse templates: %w", err)
	}
	tmpl.ExternalURL = address
	receivers, err := receivers(conf, tmpl, journal)
	if err != nil {
		return nil, err
	}
	inhibitor := inhibit.NewInhibitor(alerts, conf.InhibitRules, marker, logger)
	silencer := silence.NewSilencer(silences, marker, logger)
	pipeline := notify.NewPipelineBuilder(registry, flags).New(receivers, func() time.Duration { return 0 }, inhibitor,
		silencer, timeinterval.NewIntervener(intervals(conf)), marker, log, nil)
	watched := &watcher{next: pipeline, marker: marker, alerts: alerts, journal: journal, muted: map[string]mute{}}
	dispatcher := dispatch.NewDispatcher(alerts, dispatch.NewRoute(conf.Route, nil), watched, marker, atLeastMinimum,
		seconds(given.Maintenance), nil, logger, dispatch.NewDispatcherMetrics(false, registry))
	served, err := api.New(api.Options{
		Alerts: alerts, Silences: silences, AlertStatusFunc: marker.Status, GroupMutedFunc: marker.Muted, Logger: logger,
		Registry: registry, RequestDuration: durations(), GroupFunc: dispatcher.Groups,
	})
	if err != nil {
		return nil, err
	}
	served.Update(conf, func(ctx context.Context, labels model.LabelSet) {
		inhibitor.Mutes(ctx, labels)
		silencer.Mutes(ctx, labels)
	})
	go inhibitor.Run()
	inhibitor.WaitForLoading()
	go dispatcher.Run(time.Now())
	dispatcher.WaitForLoading()
	return served.Register(route.New(), "/"+strings.Trim(address.Path, "/")), nil
}

// atLeastMinimum is how long a notification may take, as Alertmanager's main has it without a cluster.
func atLeastMinimum(d time.Duration) time.Duration { return max(d, notify.MinTimeout) }

func intervals(conf *config.Config) map[string][]timeinterval.TimeInterval {
	named := map[string][]timeinterval.TimeInterval{}
	for _, each := range conf.MuteTimeIntervals {
		named[each.Name] = each.TimeIntervals
	}
	for _, each := range conf.TimeIntervals {
		named[each.Name] = each.TimeIntervals
	}
	return named
}

func durations() *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "http_request_duration_seconds"},
		[]string{"handler", "method", "code"})
}

// answer is what a handler answers to a request.
func answer(handler http.Handler, request *http.Request) *http.Response {
	request.RequestURI = request.URL.RequestURI()
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder.Result()
}

// call posts JSON to Alertmanager's API; an error carries the answer.
func call(handler http.Handler, method, path string, body []byte) ([]byte, error) {
	request, err := http.NewRequest(method, "http://alertmanager"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	response := answer(handler, request)
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %s: %s", method, path, response.Status, bytes.TrimSpace(text))
	}
	return text, err
}
