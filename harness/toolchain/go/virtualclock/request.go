package main

import "time"

// Request is what is to be simulated. Offsets and durations are seconds; offsets count from the start.
type Request struct {
	Start        float64             `json:"start"` // Unix time
	Duration     float64             `json:"duration"`
	Prometheus   PrometheusRequest   `json:"prometheus"`
	Alertmanager AlertmanagerRequest `json:"alertmanager"`
	Targets      []TargetRequest     `json:"targets"`
	Events       []Event             `json:"events"`
}

// PrometheusRequest is its configuration as it is mounted, and what its flags say.
type PrometheusRequest struct {
	Config          string     `json:"config"`
	RuleFiles       []RuleFile `json:"rule_files"`
	ExternalURL     string     `json:"external_url"`
	OutageTolerance float64    `json:"outage_tolerance"`
	GracePeriod     float64    `json:"grace_period"`
	ResendDelay     float64    `json:"resend_delay"`
	Lookback        float64    `json:"lookback"`
}

// RuleFile is a rule file. Name is its path in the container: a group's phase is a hash over it.
type RuleFile struct {
	Name string `json:"name"`
	Path string `json:"path"`
}

// AlertmanagerRequest is its rendered configuration, and what its flags say.
type AlertmanagerRequest struct {
	Config      string  `json:"config"`
	ExternalURL string  `json:"external_url"`
	Retention   float64 `json:"retention"`
	GCInterval  float64 `json:"gc_interval"`
	Maintenance float64 `json:"maintenance"`
}

// TargetRequest is a scraped target, the series it exposes, and when it fails its scrapes.
type TargetRequest struct {
	Job      string          `json:"job"`
	Instance string          `json:"instance"`
	Down     []Span          `json:"down"`
	Gaps     []Span          `json:"gaps"`
	Series   []SeriesRequest `json:"series"`
}

// SeriesRequest is one series as segments, each reaching to the next.
type SeriesRequest struct {
	Labels   map[string]string `json:"labels"`
	Segments []Segment         `json:"segments"`
}

// Segment is a straight line from an offset on: the value there and its change per second. No value: no sample.
type Segment struct {
	At    float64  `json:"at"`
	Value *float64 `json:"value"`
	Slope float64  `json:"slope"`
}

// Span is from an offset (inclusive) to another (exclusive).
type Span struct {
	From float64 `json:"from"`
	To   float64 `json:"to"`
}

// Event is something that happens besides what the series show: `restart` of Prometheus, `silence`, `expire`.
type Event struct {
	At       float64  `json:"at"`
	Kind     string   `json:"kind"`
	For      float64  `json:"for"`
	Name     string   `json:"name"`
	Matchers []string `json:"matchers"`
}

// moment is the virtual time at an offset.
func (r *Request) moment(offset float64) time.Time {
	return time.UnixMilli(int64((r.Start + offset) * 1000)).UTC()
}

// offset is the offset of a virtual time.
func (r *Request) offset(at time.Time) float64 {
	return at.Sub(r.moment(0)).Seconds()
}

func seconds(value float64) time.Duration { return time.Duration(value * float64(time.Second)) }
