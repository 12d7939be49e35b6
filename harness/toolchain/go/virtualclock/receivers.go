package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/config/receiver"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/template"
	"github.com/prometheus/alertmanager/types"
	commonconfig "github.com/prometheus/common/config"
)

// receivers builds every receiver that a route names, with Alertmanager's own notifiers. Their connections end in this
// process; mail, which is not HTTP, is rendered as the mail notifier does it.
func receivers(conf *config.Config, tmpl *template.Template, journal *journal) (map[string][]notify.Integration, error) {
	used := map[string]bool{}
	dispatch.NewRoute(conf.Route, nil).Walk(func(r *dispatch.Route) { used[r.RouteOpts.Receiver] = true })
	built := map[string][]notify.Integration{}
	for _, named := range conf.Receivers {
		if !used[named.Name] {
			continue
		}
		unencrypted(reflect.ValueOf(&named))
		own, err := receiver.BuildReceiverIntegrations(named, tmpl, journal.logger("alertmanager"),
			commonconfig.WithDialContextFunc(dial), commonconfig.WithKeepAlivesDisabled(), commonconfig.WithHTTP2Disabled())
		if err != nil {
			return nil, err
		}
		built[named.Name] = []notify.Integration{}
		for i := range own {
			r := &recording{next: &own[i], name: own[i].Name(), index: own[i].Index(), journal: journal, sent: map[string]sent{}}
			if r.name == "email" {
				r.mail = &mail{named.EmailConfigs[r.index], tmpl}
			}
			built[named.Name] = append(built[named.Name], notify.NewIntegration(r, &own[i], r.name, r.index, named.Name))
		}
	}
	return built, nil
}

// unencrypted makes every https address of a receiver http: there is nobody to present a certificate.
func unencrypted(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return
		}
		switch address := v.Interface().(type) {
		case *config.URL:
			if address.URL != nil {
				address.Scheme = "http"
			}
		case *config.SecretURL:
			if address.URL != nil {
				address.Scheme = "http"
			}
		default:
			unencrypted(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				unencrypted(v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			unencrypted(v.Index(i))
		}
	case reflect.String:
		if _, ok := v.Interface().(config.SecretTemplateURL); ok && v.CanSet() {
			v.SetString(strings.Replace(v.String(), "https://", "http://", 1))
		}
	}
}

// recording is an integration whose messages are kept.
type recording struct {
	next    notify.Notifier
	name    string
	index   int
	mail    *mail
	journal *journal
	mutex   sync.Mutex
	sent    map[string]sent // by group
}

// sent is what a group's last message was about.
type sent struct{ firing, resolved []uint64 }

type captureKey struct{}

// capture is the request that a notifier made.
type capture struct {
	address string
	body    []byte
}

// Notify lets the real notifier make its message, and keeps it.
func (r *recording) Notify(ctx context.Context, alerts ...*types.Alert) (bool, error) {
	made := &capture{}
	var message any
	var retry bool
	var err error
	if r.mail != nil {
		message, err = r.mail.render(ctx, r.journal, alerts)
	} else {
		retry, err = r.next.Notify(context.WithValue(ctx, captureKey{}, made), alerts...)
		message = map[string]any{"url": made.address, "body": plain(made.body)}
	}
	r.tell(ctx, alerts, message, err)
	return retry, err
}

func (r *recording) tell(ctx context.Context, alerts []*types.Alert, message any, err error) {
	group, _ := notify.GroupKey(ctx)
	name, _ := notify.ReceiverName(ctx)
	labels, _ := notify.GroupLabels(ctx)
	firing, _ := notify.FiringAlerts(ctx)
	resolved, _ := notify.ResolvedAlerts(ctx)
	record := map[string]any{
		"receiver": name, "integration": r.name, "index": r.index, "group": group, "group_labels": labels,
		"status": types.Alerts(alerts...).Status(), "message": message, "error": "",
		"reason": r.reason(group, sent{sorted(firing), sorted(resolved)}, err),
	}
	if err != nil {
		record["error"] = err.Error()
	}
	told := []map[string]any{}
	for _, alert := range alerts {
		one := map[string]any{
			"labels": alert.Labels, "annotations": alert.Annotations, "status": alert.Status(),
			"starts_at": r.journal.request.offset(alert.StartsAt), "ends_at": nil,
		}
		if alert.Resolved() {
			one["ends_at"] = r.journal.request.offset(alert.EndsAt)
		}
		told = append(told, one)
	}
	record["alerts"] = told
	r.journal.add("notification", record)
}

// reason is why a group is notified: what is different from its last message.
func (r *recording) reason(group string, now sent, err error) string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	before, known := r.sent[group]
	if err == nil {
		r.sent[group] = now
	}
	switch {
	case !known || (len(before.firing) == 0 && len(now.firing) > 0):
		return "first"
	case len(now.firing) == 0:
		return "resolved"
	case slices.Equal(before.firing, now.firing) && subset(now.resolved, before.resolved):
		return "repeat"
	default:
		return "changed"
	}
}

// dial connects a notifier with this process: its request is read and kept, and answered with what pleases all.
func dial(ctx context.Context, _, address string) (net.Conn, error) {
	here, there := net.Pipe()
	made, _ := ctx.Value(captureKey{}).(*capture)
	go func() {
		defer there.Close()
		request, err := http.ReadRequest(bufio.NewReader(there))
		if err != nil {
			return
		}
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return
		}
		if made != nil {
			made.address, made.body = "https://"+address+request.URL.RequestURI(), body
		}
		fmt.Fprint(there, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
	}()
	return here, nil
}

// mail renders what the mail notifier would send, without a mail server.
type mail struct {
	conf *config.EmailConfig
	tmpl *template.Template
}

func (m *mail) render(ctx context.Context, journal *journal, alerts []*types.Alert) (any, error) {
	data := notify.GetTemplateData(ctx, m.tmpl, alerts, journal.logger("alertmanager"))
	var err error
	text := func(source string) string {
		if err != nil {
			return ""
		}
		var made string
		made, err = m.tmpl.ExecuteTextString(source, data)
		return made
	}
	headers := map[string]string{}
	for _, header := range slices.Sorted(maps.Keys(m.conf.Headers)) {
		headers[header] = text(m.conf.Headers[header])
	}
	message := map[string]any{"from": text(m.conf.From), "to": text(m.conf.To), "headers": headers, "text": text(m.conf.Text)}
	if err == nil && m.conf.HTML != "" {
		message["html"], err = m.tmpl.ExecuteHTMLString(m.conf.HTML, data)
	}
	return message, err
}

// plain is a body as JSON when it is JSON, else as text.
func plain(body []byte) any {
	if trimmed := bytes.TrimSpace(body); json.Valid(trimmed) {
		return json.RawMessage(trimmed)
	}
	return string(body)
}

func sorted(values []uint64) []uint64 {
	values = slices.Clone(values)
	slices.Sort(values)
	return values
}

func subset(some, all []uint64) bool {
	return !slices.ContainsFunc(some, func(one uint64) bool { return !slices.Contains(all, one) })
}
