package main

import (
	"math"
	"slices"
	"sort"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
)

// A stretch is quiet for an expression when nothing that it can see changes its course: then its result is that of its
// last evaluation, and neither the evaluation nor the samples for it are needed. What cannot be shown to be so is
// evaluated.

// Functions of a range that see a straight line as the same wherever on it they look.
var shiftless = set("rate", "increase", "irate", "delta", "idelta", "deriv", "changes", "resets",
	"count_over_time", "present_over_time", "absent_over_time")

// Functions whose result follows from their arguments alone, the same at all times.
var timeless = set("avg_over_time", "sum_over_time", "min_over_time", "max_over_time", "last_over_time",
	"stddev_over_time", "stdvar_over_time", "quantile_over_time", "predict_linear", "histogram_quantile", "abs", "ceil",
	"floor", "round", "clamp", "clamp_min", "clamp_max", "exp", "ln", "log2", "log10", "sqrt", "sgn", "scalar", "vector",
	"absent", "sort", "sort_desc", "label_replace", "label_join")

// expression is what an expression can see: how far back, and when any of it changes its course.
type expression struct {
	text    string
	reach   float64
	still   bool      // whether it may be left unevaluated at all
	changes []float64 // offsets, sorted
	sloping [][]Span  // of each series that must not slope, when it does
	results map[phase]result
}

// phase is where an evaluation stands between the scrapes of each interval, in milliseconds.
type phase [4]int64

type result struct {
	at     float64
	vector promql.Vector
}

// quiet knows, for every expression, whether its last result still holds.
type quiet struct {
	request     *Request
	scraper     *scraper
	parser      parser.Parser
	lookback    float64
	intervals   []float64
	produced    []string // the metrics that rules write
	expressions map[string]*expression
}

func newQuiet(request *Request, scraper *scraper, p parser.Parser, lookback float64, produced []string) *quiet {
	q := &quiet{request: request, scraper: scraper, parser: p, lookback: lookback, produced: produced}
	q.expressions = map[string]*expression{}
	for _, t := range scraper.targets {
		if !slices.Contains(q.intervals, t.interval) {
			q.intervals = append(q.intervals, t.interval)
		}
	}
	return q
}

// expression analyses an expression once.
func (q *quiet) expression(text string) *expression {
	if known := q.expressions[text]; known != nil {
		return known
	}
	e := &expression{text: text, results: map[phase]result{}, reach: q.lookback}
	q.expressions[text] = e
	tree, err := q.parser.ParseExpr(text)
	if err != nil {
		return e
	}
	e.still = len(q.intervals) <= len(phase{})
	parser.Inspect(tree, func(node parser.Node, path []parser.Node) error {
		q.look(e, node, path)
		return nil
	})
	sort.Float64s(e.changes)
	return e
}

// look takes one node of the tree into account.
func (q *quiet) look(e *expression, node parser.Node, path []parser.Node) {
	switch n := node.(type) {
	case *parser.Call:
		e.still = e.still && (shiftless[n.Func.Name] || timeless[n.Func.Name])
	case *parser.SubqueryExpr:
		// Its steps stand on the clock, not on the evaluation.
		e.still = false
		e.reach += (n.Range + n.OriginalOffset).Seconds() + q.lookback
	case *parser.VectorSelector:
		reach, levels := q.lookback, false
		if len(path) > 0 {
			if matrix, ok := path[len(path)-1].(*parser.MatrixSelector); ok {
				reach = matrix.Range.Seconds()
				levels = len(path) > 1 && isCall(path[len(path)-2], shiftless)
			}
		}
		e.reach = max(e.reach, reach+n.OriginalOffset.Seconds())
		// An extended selector and one with a fixed time look elsewhere.
		e.still = e.still && n.Timestamp == nil && n.StartOrEnd == 0 && n.OriginalOffset >= 0
		if q.written(n.LabelMatchers) {
			e.still = false
		}
		q.see(e, n.LabelMatchers, levels)
	}
}

// see adds what the matching series do. `levels` is whether only their slope counts, not where they are.
func (q *quiet) see(e *expression, matchers []*labels.Matcher, levels bool) {
	for _, t := range q.scraper.targets {
		seen := false
		if matches(matchers, t.up.labels) {
			seen = true
		}
		for _, each := range t.series {
			if !matches(matchers, each.labels) {
				continue
			}
			seen = true
			var sloping []Span
			for i, segment := range each.segments {
				e.changes = append(e.changes, segment.At)
				if segment.Value != nil && segment.Slope != 0 {
					to := math.Inf(1)
					if i+1 < len(each.segments) {
						to = each.segments[i+1].At
					}
					sloping = append(sloping, Span{segment.At, to})
				}
			}
			if !levels && len(sloping) > 0 {
				e.sloping = append(e.sloping, sloping)
			}
		}
		if seen {
			for _, span := range slices.Concat(t.down, t.gaps) {
				e.changes = append(e.changes, span.From, span.To)
			}
		}
	}
}

// written is whether the matchers can select what rules themselves write.
func (q *quiet) written(matchers []*labels.Matcher) bool {
	return slices.ContainsFunc(q.produced, func(name string) bool {
		for _, m := range matchers {
			if m.Name == labels.MetricName && !m.Matches(name) {
				return false
			}
		}
		return true
	})
}

// anyWritten is whether one of the expressions reads what rules write.
func (q *quiet) anyWritten(expressions []string) bool {
	found := false
	for _, text := range expressions {
		tree, err := q.parser.ParseExpr(text)
		if err != nil {
			continue
		}
		for _, matchers := range parser.ExtractSelectors(tree) {
			found = found || q.written(matchers)
		}
	}
	return found
}

// holds is the result an expression had at the same phase, if it is certain that it has it still.
func (q *quiet) holds(e *expression, at time.Time) (promql.Vector, bool) {
	if !e.still {
		return nil, false
	}
	known, ok := e.results[q.phase(at)]
	if !ok {
		return nil, false
	}
	now := q.request.offset(at)
	// The first sample of the older window must stand on the same line as the last one of this window.
	began := known.at - e.reach - slices.Max(q.intervals)
	next := sort.SearchFloat64s(e.changes, began)
	if next < len(e.changes) && e.changes[next] <= now {
		return nil, false
	}
	for _, spans := range e.sloping {
		for _, span := range spans {
			if span.From <= now && span.To > began {
				return nil, false
			}
		}
	}
	return known.vector, true
}

// keep remembers a result.
func (q *quiet) keep(e *expression, at time.Time, vector promql.Vector) {
	if e.still {
		e.results[q.phase(at)] = result{q.request.offset(at), slices.Clone(vector)}
	}
}

func (q *quiet) phase(at time.Time) phase {
	var p phase
	for i, interval := range q.intervals {
		p[i] = at.Sub(q.request.moment(0)).Milliseconds() % int64(interval*1000)
	}
	return p
}

func matches(matchers []*labels.Matcher, of labels.Labels) bool {
	for _, m := range matchers {
		if !m.Matches(of.Get(m.Name)) {
			return false
		}
	}
	return true
}

func isCall(node parser.Node, among map[string]bool) bool {
	call, ok := node.(*parser.Call)
	return ok && among[call.Func.Name]
}

func set(words ...string) map[string]bool {
	made := map[string]bool{}
	for _, word := range words {
		made[word] = true
	}
	return made
}
