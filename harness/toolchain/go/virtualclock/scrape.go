package main

import (
	"context"
	"math"
	"sort"
	"sync"
	"time"

	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

// series is one series of a target. The segments are in order of time.
type series struct {
	labels   labels.Labels
	segments []Segment
	ref      storage.SeriesRef
	present  bool
}

// at is the value at an offset, and whether there is one.
func (s *series) at(offset float64) (float64, bool) {
	i := sort.Search(len(s.segments), func(i int) bool { return s.segments[i].At > offset }) - 1
	if i < 0 || s.segments[i].Value == nil {
		return 0, false
	}
	segment := s.segments[i]
	return *segment.Value + segment.Slope*(offset-segment.At), true
}

// target is a scraped target: its interval, its series, and when it fails or is not scraped at all.
type target struct {
	job      string
	interval float64
	up       series
	series   []*series
	down     []Span
	gaps     []Span
	next     int64 // the number of its next scrape
	begun    bool
}

// scraper stores what the targets expose. With a window it stores only what a query can still see.
type scraper struct {
	mutex   sync.Mutex
	request *Request
	db      *tsdb.DB
	targets []*target
	window  float64
	all     bool
	samples int
}

func newScraper(request *Request, conf *config.Config, db *tsdb.DB) (*scraper, error) {
	s := &scraper{request: request, db: db}
	jobs := map[string]*config.ScrapeConfig{}
	for _, job := range conf.ScrapeConfigs {
		jobs[job.JobName] = job
	}
	for _, given := range request.Targets {
		t := &target{job: given.Job, down: given.Down, gaps: given.Gaps}
		t.interval = time.Duration(conf.GlobalConfig.ScrapeInterval).Seconds()
		var rules []*relabel.Config
		if job := jobs[given.Job]; job != nil {
			t.interval = time.Duration(job.ScrapeInterval).Seconds()
			rules = job.MetricRelabelConfigs
		}
		t.up.labels = labels.FromStrings("__name__", "up", "job", given.Job, "instance", given.Instance)
		for _, exposed := range given.Series {
			builder := labels.NewBuilder(labels.FromMap(exposed.Labels))
			builder.Set("job", given.Job).Set("instance", given.Instance)
			if relabel.ProcessBuilder(builder, rules...) {
				t.series = append(t.series, &series{labels: builder.Labels(), segments: exposed.Segments})
			}
		}
		s.targets = append(s.targets, t)
	}
	return s, nil
}

// pause keeps everything from being scraped: Prometheus is down.
func (s *scraper) pause(span Span) {
	for _, t := range s.targets {
		t.gaps = append(t.gaps, span)
	}
}

// store appends every scrape up to a moment.
func (s *scraper) store(ctx context.Context, until time.Time) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	now := s.request.offset(until)
	for _, t := range s.targets {
		last := int64(math.Floor(now/t.interval + 1e-9))
		first := int64(math.Ceil((now - s.window) / t.interval))
		if !t.begun || (!s.all && t.next < first) {
			t.next, t.begun = first, true
		}
		for ; t.next <= last; t.next++ {
			if err := s.scrape(ctx, t, float64(t.next)*t.interval); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *scraper) scrape(ctx context.Context, t *target, offset float64) error {
	if within(t.gaps, offset) {
		return nil
	}
	at := s.request.moment(offset).UnixMilli()
	appender := s.db.Appender(ctx)
	down := within(t.down, offset)
	up := 1.0
	if down {
		up = 0
	}
	ref, err := appender.Append(t.up.ref, t.up.labels, at, up)
	if err != nil {
		return err
	}
	t.up.ref = ref
	s.samples++
	for _, each := range t.series {
		sample, there := each.at(offset)
		if down || !there {
			if !each.present {
				continue
			}
			// What a scrape no longer shows is marked as gone.
			sample = math.Float64frombits(value.StaleNaN)
		}
		if each.ref, err = appender.Append(each.ref, each.labels, at, sample); err != nil {
			return err
		}
		each.present = there && !down
		s.samples++
	}
	return appender.Commit()
}

func within(spans []Span, offset float64) bool {
	for _, span := range spans {
		if span.From <= offset && offset < span.To {
			return true
		}
	}
	return false
}
