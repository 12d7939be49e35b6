package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/model/timestamp"
	"github.com/prometheus/prometheus/notifier"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/tsdb"
	"go.yaml.in/yaml/v2"
)

// queueCapacity is Prometheus's default (--alertmanager.notification-queue-capacity).
const queueCapacity = 10000

// monitor is a Prometheus: a TSDB that stays, and rules and a notifier that a restart makes anew.
type monitor struct {
	request     *Request
	journal     *journal
	receiver    http.Handler
	conf        *config.Config
	parser      parser.Parser
	db          *tsdb.DB
	engine      *promql.Engine
	scraper     *scraper
	quiet       *quiet
	skip        bool
	skipped     sync.Mutex
	counts      map[string]int
	sent        int64
	analysed    map[rules.Rule]*expression
	expressions []string
	selfish     bool // a rule reads what rules write

	rules    *rules.Manager
	notifier *notifier.Manager
	notify   rules.NotifyFunc
	states   *states
}

func openPrometheus(request *Request, journal *journal, receiver http.Handler, folder string, skip bool) (*monitor, error) {
	m := &monitor{request: request, journal: journal, receiver: receiver, skip: skip}
	m.counts, m.analysed = map[string]int{}, map[rules.Rule]*expression{}
	m.parser = parser.NewParser(parser.Options{})
	m.states = newStates(journal)
	var err error
	if m.conf, err = readConfig(request.Prometheus.Config, journal); err != nil {
		return nil, err
	}
	reach, produced, err := m.survey()
	if err != nil {
		return nil, err
	}
	options := tsdb.DefaultOptions()
	// Nothing is read back after the end, and nobody else writes blocks.
	options.WALSegmentSize = -1
	options.BlockReloadInterval = 24 * time.Hour
	// The head takes samples that are older than its newest by half a block at most. What is stored late, because nothing
	// looked at it before, reaches back as far as a rule does.
	options.MinBlockDuration = max(options.MinBlockDuration, seconds(4*reach).Milliseconds())
	options.MaxBlockDuration = options.MinBlockDuration
	logger := journal.logger("prometheus")
	if m.db, err = tsdb.Open(folder, logger, nil, options, nil); err != nil {
		return nil, err
	}
	m.engine = promql.NewEngine(promql.EngineOpts{
		Logger: logger, MaxSamples: 50_000_000, Timeout: 2 * time.Minute, LookbackDelta: seconds(request.Prometheus.Lookback),
		EnableAtModifier: true, EnableNegativeOffset: true, Parser: m.parser,
		NoStepSubqueryIntervalFn: func(int64) int64 { return time.Duration(m.conf.GlobalConfig.EvaluationInterval).Milliseconds() },
	})
	if m.scraper, err = newScraper(request, m.conf, m.db); err != nil {
		return nil, err
	}
	m.scraper.window = reach
	m.scraper.all = !skip
	for _, event := range request.Events {
		if event.Kind == "restart" {
			m.scraper.pause(Span{event.At, event.At + event.For})
		}
	}
	m.quiet = newQuiet(request, m.scraper, m.parser, request.Prometheus.Lookback, produced)
	m.selfish = m.quiet.anyWritten(m.expressions)
	return m, nil
}

var discovering = regexp.MustCompile(`_sd_configs$`)

// readConfig reads prometheus.yml with Prometheus's own code. Discovery is left out: the targets come with the request.
func readConfig(path string, journal *journal) (*config.Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	alerting, _ := tree["alerting"].(map[any]any)
	for _, section := range []any{tree["scrape_configs"], alerting["alertmanagers"]} {
		list, _ := section.([]any)
		for _, item := range list {
			job, _ := item.(map[any]any)
			for key := range job {
				if name, ok := key.(string); ok && discovering.MatchString(name) {
					delete(job, key)
				}
			}
		}
	}
	plain, err := yaml.Marshal(tree)
	if err != nil {
		return nil, err
	}
	return config.Load(string(plain), journal.logger("prometheus"))
}

var asking = regexp.MustCompile(`\{\{[^}]*\bquery\b`)

// survey is how far back the rules look, and which metrics they write.
func (m *monitor) survey() (float64, []string, error) {
	probe := newQuiet(m.request, &scraper{}, m.parser, m.request.Prometheus.Lookback, nil)
	reach, produced := m.request.Prometheus.Lookback, []string{"ALERTS", "ALERTS_FOR_STATE"}
	for _, file := range m.request.Prometheus.RuleFiles {
		groups, errs := rulefmt.ParseFile(file.Path, false, model.UTF8Validation, m.parser)
		if len(errs) > 0 {
			return 0, nil, errs[0]
		}
		for _, group := range groups.Groups {
			for _, rule := range group.Rules {
				m.expressions = append(m.expressions, rule.Expr)
				reach = max(reach, probe.expression(rule.Expr).reach)
				if rule.Record != "" {
					produced = append(produced, rule.Record)
				}
				for _, template := range rule.Annotations {
					if asking.MatchString(template) {
						m.skip = false // asks the database itself, of whatever
					}
				}
			}
		}
	}
	return reach + 120, produced, nil
}

// Load reads a rule file under the name it has in the container.
func (m *monitor) Load(name string, lenient bool, scheme model.ValidationScheme) (*rulefmt.RuleGroups, []error) {
	for _, file := range m.request.Prometheus.RuleFiles {
		if file.Name == name {
			return rulefmt.ParseFile(file.Path, lenient, scheme, m.parser)
		}
	}
	return nil, []error{fmt.Errorf("no such rule file: %s", name)}
}

// Parse parses an expression.
func (m *monitor) Parse(query string) (parser.Expr, error) { return m.parser.ParseExpr(query) }

// start starts the rules and the notifier, as a fresh process would.
func (m *monitor) start() error {
	given := m.request.Prometheus
	address, err := url.Parse(given.ExternalURL)
	if err != nil {
		return err
	}
	registry, logger := prometheus.NewRegistry(), m.journal.logger("prometheus")
	m.notifier = notifier.NewManager(
		&notifier.Options{QueueCapacity: queueCapacity, DrainOnShutdown: true, Registerer: registry, Do: m.send},
		model.UTF8Validation, logger)
	if err := m.notifier.ApplyConfig(m.conf); err != nil {
		return err
	}
	discovered := make(chan map[string][]*targetgroup.Group, 1)
	discovered <- m.alertmanagers()
	go m.notifier.Run(discovered)
	m.notify = rules.SendAlerts(&batch{next: m.notifier}, given.ExternalURL)
	m.rules = rules.NewManager(&rules.ManagerOptions{
		ExternalURL: address, QueryFunc: m.query, Context: context.Background(), Appendable: m.db, Queryable: m.db,
		Logger: logger, Registerer: registry, OutageTolerance: seconds(given.OutageTolerance),
		ForGracePeriod: seconds(given.GracePeriod), ResendDelay: seconds(given.ResendDelay), Parser: m.parser, GroupLoader: m,
		NotifyFunc:             m.notify,
		DefaultRuleQueryOffset: func() time.Duration { return time.Duration(m.conf.GlobalConfig.RuleQueryOffset) },
	})
	names := []string{}
	for _, file := range given.RuleFiles {
		names = append(names, file.Name)
	}
	interval := time.Duration(m.conf.GlobalConfig.EvaluationInterval)
	if err := m.rules.Update(interval, names, m.conf.GlobalConfig.ExternalLabels, given.ExternalURL, m.evaluate); err != nil {
		return err
	}
	go m.rules.Run()
	if m.scraper.all {
		return m.scraper.store(context.Background(), time.Now())
	}
	return nil
}

// stop ends the process; the TSDB and what it holds stay.
func (m *monitor) stop() {
	m.rules.Stop()
	m.notifier.Stop()
}

// query answers a rule: with what is known already when nothing has changed since, else by asking the engine.
func (m *monitor) query(ctx context.Context, text string, at time.Time) (promql.Vector, error) {
	m.skipped.Lock()
	defer m.skipped.Unlock()
	var e *expression
	if m.skip {
		e = m.quiet.expression(text)
		if known, ok := m.quiet.holds(e, at); ok {
			m.counts["results reused"]++
			vector := slices.Clone(known)
			for i := range vector {
				vector[i].T = timestamp.FromTime(at)
			}
			return vector, nil
		}
	}
	if err := m.scraper.store(ctx, at); err != nil {
		return nil, err
	}
	m.counts["expressions evaluated"]++
	vector, err := rules.EngineQueryFunc(m.engine, m.db)(ctx, text, at)
	if err == nil && m.skip {
		m.quiet.keep(e, at, vector)
	}
	return vector, err
}

// evaluate is one iteration of a group. One that would change nothing is left out.
func (m *monitor) evaluate(ctx context.Context, group *rules.Group, at time.Time) {
	if m.skip && m.idle(ctx, group, at) {
		m.skipped.Lock()
		m.counts["iterations skipped"]++
		m.skipped.Unlock()
		return
	}
	rules.DefaultEvalIterationFunc(ctx, group, at)
	m.states.compare(group)
}

// count tells how much work there was.
func (m *monitor) count() {
	record := map[string]any{"samples stored": m.scraper.samples}
	for name, count := range m.counts {
		record[strings.ReplaceAll(name, "_", " ")] = count
	}
	m.journal.add("work", map[string]any{"counts": record})
}
