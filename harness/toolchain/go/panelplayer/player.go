package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana/pkg/promlib"
)

// player answers for every datasource it knows, by uid.
type player struct {
	service *promlib.Service
	known   map[string]*backend.DataSourceInstanceSettings
}

// datasource is an entry of Grafana's provisioning file, as far as this datasource reads it.
type datasource struct {
	UID      string          `json:"uid"`
	Name     string          `json:"name"`
	URL      string          `json:"url"`
	JSONData json.RawMessage `json:"jsonData"`
}

// dataRequest is the body of Grafana's /api/ds/query: times in Unix milliseconds, as strings.
type dataRequest struct {
	From    string            `json:"from"`
	To      string            `json:"to"`
	Queries []json.RawMessage `json:"queries"`
}

// common is what Grafana's query service itself reads of a query; the rest is the datasource's.
type common struct {
	RefID         string  `json:"refId"`
	IntervalMS    float64 `json:"intervalMs"`
	MaxDataPoints int64   `json:"maxDataPoints"`
	Datasource    struct {
		UID string `json:"uid"`
	} `json:"datasource"`
}

// Grafana's own values for a query that does not say: pkg/services/query, parseQuery.
const (
	defaultIntervalMS    = 1000
	defaultMaxDataPoints = 100
)

func readDatasources(file string) (map[string]*backend.DataSourceInstanceSettings, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var given []datasource
	if err := json.Unmarshal(text, &given); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	known := map[string]*backend.DataSourceInstanceSettings{}
	for number, one := range given {
		if len(one.JSONData) == 0 {
			one.JSONData = json.RawMessage("{}")
		}
		known[one.UID] = &backend.DataSourceInstanceSettings{
			ID: int64(number + 1), UID: one.UID, Type: "prometheus", Name: one.Name, URL: one.URL, JSONData: one.JSONData,
		}
	}
	return known, nil
}

func (p *player) routes() http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("GET /api/health", health)
	routes.HandleFunc("POST /api/ds/query", p.query)
	routes.HandleFunc("/api/datasources/uid/{uid}/resources/{path...}", p.resource)
	return routes
}

func (p *player) context(uid string) (backend.PluginContext, bool) {
	settings, ok := p.known[uid]
	return backend.PluginContext{OrgID: 1, PluginID: "prometheus", DataSourceInstanceSettings: settings}, ok
}

// query answers a panel: one result by refId, with its frames or its error.
func (p *player) query(w http.ResponseWriter, r *http.Request) {
	request, err := readRequest(r)
	if err != nil {
		answer(w, http.StatusBadRequest, map[string]string{"message": err.Error()})
		return
	}
	results := backend.Responses{}
	for _, group := range request.groups {
		plugin, ok := p.context(group.uid)
		if !ok {
			answer(w, http.StatusNotFound, map[string]string{"message": fmt.Sprintf("no datasource %q", group.uid)})
			return
		}
		asked := &backend.QueryDataRequest{PluginContext: plugin, Headers: map[string]string{}, Queries: group.queries}
		found, err := p.service.QueryData(r.Context(), asked)
		if err != nil {
			answer(w, http.StatusInternalServerError, map[string]string{"message": err.Error()})
			return
		}
		for ref, response := range found.Responses {
			results[ref] = response
		}
	}
	// Grafana's own: 400 as soon as one query failed, with the results of all of them.
	status := http.StatusOK
	for _, response := range results {
		if response.Error != nil {
			status = http.StatusBadRequest
		}
	}
	answer(w, status, &backend.QueryDataResponse{Responses: results})
}

// group is the queries of one request that go to the same datasource.
type group struct {
	uid     string
	queries []backend.DataQuery
}

type parsedRequest struct{ groups []*group }

func readRequest(r *http.Request) (*parsedRequest, error) {
	var body dataRequest
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return nil, fmt.Errorf("not a query request: %w", err)
	}
	from, err := moment(body.From)
	if err != nil {
		return nil, err
	}
	to, err := moment(body.To)
	if err != nil {
		return nil, err
	}
	if len(body.Queries) == 0 {
		return nil, fmt.Errorf("no queries found")
	}
	request, known := &parsedRequest{}, map[string]*group{}
	for _, text := range body.Queries {
		one := common{RefID: "A", IntervalMS: defaultIntervalMS, MaxDataPoints: defaultMaxDataPoints}
		if err := json.Unmarshal(text, &one); err != nil {
			return nil, fmt.Errorf("not a query: %w", err)
		}
		uid := one.Datasource.UID
		if known[uid] == nil {
			known[uid] = &group{uid: uid}
			request.groups = append(request.groups, known[uid])
		}
		known[uid].queries = append(known[uid].queries, backend.DataQuery{
			RefID:         one.RefID,
			JSON:          text,
			MaxDataPoints: one.MaxDataPoints,
			Interval:      time.Duration(one.IntervalMS * float64(time.Millisecond)),
			TimeRange:     backend.TimeRange{From: from, To: to},
		})
	}
	return request, nil
}

func moment(text string) (time.Time, error) {
	milliseconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("not a time in Unix milliseconds: %q", text)
	}
	return time.UnixMilli(milliseconds).UTC(), nil
}

// resource answers what a variable asks: Prometheus's own API, through the datasource.
func (p *player) resource(w http.ResponseWriter, r *http.Request) {
	plugin, ok := p.context(r.PathValue("uid"))
	if !ok {
		answer(w, http.StatusNotFound, map[string]string{"message": fmt.Sprintf("no datasource %q", r.PathValue("uid"))})
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		answer(w, http.StatusBadRequest, map[string]string{"message": err.Error()})
		return
	}
	path := r.PathValue("path")
	asked := &backend.CallResourceRequest{
		PluginContext: plugin, Method: r.Method, Path: path, URL: path + "?" + r.URL.RawQuery, Body: body,
		Headers: map[string][]string{"Content-Type": r.Header["Content-Type"]},
	}
	send := backend.CallResourceResponseSenderFunc(func(found *backend.CallResourceResponse) error {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(found.Status)
		_, err := w.Write(found.Body)
		return err
	})
	if err := p.service.CallResource(r.Context(), asked, send); err != nil {
		answer(w, http.StatusBadGateway, map[string]string{"message": err.Error()})
	}
}
