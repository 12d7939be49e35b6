"""The command line. Each command imports what it needs when it is called, so that the quick ones are quick."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from harness.errors import HarnessError, UsageError
from harness.model import Report, Verdict

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # argparse has no public name for it

EXIT = {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.UNKNOWN: 3}
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 pass, 1 fail, 2 usage or unreadable, 3 unknown."""
    if arguments is None:
        _keep_bytecode()
    parsed = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = parsed.run
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return command(parsed)
    except HarnessError as error:
        sys.stderr.write(f"harness: {error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("harness: interrupted; everything that was started has been stopped\n")
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _keep_bytecode() -> None:
    """Keep compiled modules in our cache where the environment forbids them beside the source: half of lint's time."""
    if sys.dont_write_bytecode and sys.pycache_prefix is None and not sys.flags.isolated:
        cache = os.environ.get("HARNESS_CACHE") or Path.home() / ".cache" / "monitoring-stack-harness"
        sys.pycache_prefix = str(Path(cache, "bytecode"))
        sys.dont_write_bytecode = False


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="harness", description="Proves that a monitoring stack works.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    verify = commands.add_parser("verify", help="boot the stack, replay incidents through it, judge what came out")
    verify.add_argument("--config", type=Path, metavar="DIR", help="the configuration (default: config-under-test)")
    verify.add_argument("--suite", action="append", default=[], metavar="NAME", help="only this suite; may be repeated")
    verify.add_argument("--launcher", choices=("auto", "container", "process", "external"), default="auto")
    sign_off = "also demand each requirement's production level, and run the suites that are run on demand only"
    verify.add_argument("--stack", type=Path, metavar="FILE", help="addresses of a running stack (launcher external)")
    verify.add_argument("--sign-off", action="store_true", help=sign_off)
    verify.add_argument("--seed", type=int, default=1, help="of what is generated (default: 1)")
    verify.set_defaults(run=_verify)
    _reading(commands)
    _machine(commands)
    _standing(commands)
    _playing(commands)
    _finished(commands)
    return parser


def _reading(commands: Commands) -> None:
    """What reads files and starts nothing."""
    lint = commands.add_parser("lint", help="read the files, start nothing")
    lint.add_argument("paths", nargs="*", type=Path, metavar="PATH")
    lint.add_argument("--format", choices=("text", "json", "sarif", "github"), default="text")
    lint.add_argument("--changed", metavar="BASE", help="only what changed since this commit or branch")
    lint.set_defaults(run=_lint)

    graph = commands.add_parser(
        "graph", help="what refers to what: metric, rule, route, receiver, dashboard, field, search"
    )
    graph.add_argument("config", nargs="?", type=Path, metavar="DIR")
    graph.add_argument("--format", choices=("mermaid", "dot", "json"), default="mermaid")
    graph.set_defaults(run=_graph)


def _machine(commands: Commands) -> None:
    """What is about this machine, and about the checks."""
    setup = commands.add_parser("setup", help="obtain the components: build or download, once")
    setup.set_defaults(run=_setup)
    doctor = commands.add_parser("doctor", help="what this machine can run, and at which level of proof")
    doctor.set_defaults(run=_doctor)
    explain = commands.add_parser("explain", help="why a check exists, and how to fix what it finds")
    explain.add_argument("id", nargs="?", metavar="ID")
    explain.set_defaults(run=_explain)
    images = commands.add_parser(
        "images", help="make development images of the components, under the compose file's tags"
    )
    images.add_argument("--config", type=Path, metavar="DIR", help="the configuration (default: config-under-test)")
    images.add_argument("--force", action="store_true", help="also those that are up to date")
    images.set_defaults(run=_make_images)
    world = commands.add_parser("world", help="build the 30-day world that searches and dashboards are measured on")
    world.add_argument("--scale", type=int, metavar="N", help="log lines (default: `scale.full` of fixtures/story.yml)")
    world.add_argument("--seed", type=int, default=1, help="of what is generated (default: 1)")
    world.add_argument("--config", type=Path, metavar="DIR", help="the configuration (default: config-under-test)")
    world.set_defaults(run=_world)
    sweep = commands.add_parser("sweep", help="remove what a killed run has left behind")
    sweep.set_defaults(run=_sweep)


def _standing(commands: Commands) -> None:
    """What boots a stack and judges nothing."""
    up = commands.add_parser("up", help="boot the stack, keep metrics and log lines flowing, until interrupted")
    up.add_argument("--config", type=Path, metavar="DIR", help="the configuration (default: config-under-test)")
    up.add_argument("--launcher", choices=("auto", "container", "process"), default="auto")
    up.add_argument("--scenario", default="healthy", metavar="NAME", help="what the metrics play (default: healthy)")
    up.add_argument("--seconds", type=float, metavar="N", help="stop by itself after this long")
    up.add_argument("--stack", type=Path, metavar="FILE", help="write the addresses there, for --launcher external")
    up.set_defaults(run=_up)


def _playing(commands: Commands) -> None:
    """What plays one thing without a stack: a scenario, a query, a pipeline."""
    simulate = commands.add_parser("simulate", help="play a scenario in virtual time: what each channel would receive")
    simulate.add_argument("scenario", metavar="SCENARIO", help="a name in fixtures/scenarios/, e.g. storm")
    simulate.add_argument("--config", type=Path, metavar="DIR", help="the configuration (default: config-under-test)")
    simulate.add_argument(
        "--days", type=float, metavar="N", help="how long in all (default: until an hour after its end)"
    )
    simulate.add_argument("--html", type=Path, metavar="FILE", help="also write the timeline as a page")
    simulate.set_defaults(run=_simulate)

    export = commands.add_parser("export", help="every hit of a saved search as CSV, from a running Elasticsearch")
    export.add_argument("search", metavar="SEARCH", help='its title, e.g. "PHI Access Audit"')
    export.add_argument("--url", required=True, help="where Elasticsearch answers, e.g. http://127.0.0.1:9200")
    export.add_argument("--user", default="log_reader", help="the password is taken from $ELASTICSEARCH_PASSWORD")
    export.add_argument("--from", dest="begin", required=True, metavar="TIME", help="e.g. 2025-06-01T00:00:00Z")
    export.add_argument("--to", dest="end", required=True, metavar="TIME", help="not included")
    export.add_argument("--out", type=Path, metavar="FILE", help="default: standard output")
    export.add_argument("--config", type=Path, metavar="DIR", help="the configuration (default: config-under-test)")
    export.set_defaults(run=_export)

    kql = commands.add_parser("kql", help="the Elasticsearch query that Kibana makes of a KQL query")
    kql.add_argument("query")
    kql.add_argument("--mapping", type=Path, required=True, metavar="FILE")
    kql.set_defaults(run=_kql)

    logstash = commands.add_parser("logstash", help="run a Logstash pipeline without Logstash")
    inner = logstash.add_subparsers(required=True, metavar="COMMAND")
    play = inner.add_parser("run", help="events on standard input, what comes out on standard output, one JSON a line")
    play.add_argument("config", type=Path, metavar="CONF")
    play.add_argument("--codec", choices=("json", "plain"), default="json", help="plain: raw lines, one event each")
    play.add_argument(
        "--trace", nargs="?", const="text", default="", choices=("text", "json"), help="what each filter did"
    )
    play.set_defaults(run=_logstash_run)
    cases = inner.add_parser("test", help="run cases: an input, and what must come out of the pipeline")
    cases.add_argument("files", nargs="+", type=Path, metavar="CASES.yml")
    cases.add_argument("--update", action="store_true", help="write what comes out into the cases")
    cases.add_argument("--coverage", action="store_true", help="which filters, branches and alternatives were reached")
    cases.add_argument("--coverage-html", type=Path, metavar="FILE")
    cases.add_argument("--coverage-xml", type=Path, metavar="FILE", help="in Cobertura's format")
    cases.set_defaults(run=_logstash_test)
    both = inner.add_parser("compare", help="put cases through Logstash itself as well, and list what differs")
    both.add_argument(
        "files", nargs="*", type=Path, metavar="CASES", help="default: fixtures/logstash and --lines 1000"
    )
    both.add_argument(
        "--lines", type=int, default=0, metavar="N", help="lines of the generator, as Filebeat ships them"
    )
    both.add_argument("--seed", type=int, default=1, help="of those lines (default: 1)")
    both.add_argument(
        "--logstash", type=Path, metavar="PATH", help="an installed Logstash (default: the compose file's image)"
    )
    both.add_argument("--config", type=Path, metavar="DIR", help="the configuration (default: config-under-test)")
    both.set_defaults(run=_logstash_compare)


def _finished(commands: Commands) -> None:
    """What is about runs that are over."""
    report = commands.add_parser("report", help="judge and render a finished run again, check or trace its evidence")
    report.add_argument(
        "words", nargs="+", metavar="RUN", help="a run, or: verify RUN [--root SHA256], or: trace RUN REQUIREMENT|CHECK"
    )
    report.add_argument("--into", type=Path, metavar="DIR", help="where to render it (default: reports/again/RUN)")
    report.add_argument("--pdf", type=Path, metavar="FILE", help="also print it; needs a Chromium")
    report.add_argument("--root", default="", metavar="SHA256", help="of verify: the seal that was printed by the run")
    report.set_defaults(run=_report)

    nightly = commands.add_parser("nightly", help="verify everything, compare with the nights before, tell what is red")
    nightly.add_argument("--config", type=Path, metavar="DIR", help="the configuration (default: config-under-test)")
    nightly.add_argument(
        "--suite", action="append", default=[], metavar="NAME", help="only this suite; may be repeated"
    )
    nightly.add_argument("--keep", type=int, default=14, metavar="N", help="how many run folders to keep (default: 14)")
    nightly.add_argument("--notify", default="", metavar="URL", help="when it is red, POST the Slack message there")
    nightly.set_defaults(run=_nightly)
    trend = commands.add_parser("trend", help="compare a finished run with those before, as nightly does")
    trend.add_argument("run_id", nargs="?", default="", metavar="RUN", help="default: the newest")
    trend.set_defaults(run=_trend)
    accept = commands.add_parser("accept", help="make a run's figures the measure of later runs on this machine")
    accept.add_argument("run_id", nargs="?", default="", metavar="RUN", help="default: reports/latest")
    accept.add_argument("--who", required=True, metavar="NAME")
    accept.add_argument("--why", required=True, metavar="REASON")
    accept.set_defaults(run=_accept)


def _nightly(given: argparse.Namespace) -> int:
    from harness import nightly
    from harness.settings import Settings

    return nightly.main(Settings.here(given.config), given.suite, given.keep, given.notify)


def _trend(given: argparse.Namespace) -> int:
    from harness import nightly
    from harness.settings import Settings

    settings = Settings.here()
    return nightly.told(settings.reports, nightly.judge(settings, given.run_id))


def _accept(given: argparse.Namespace) -> int:
    from harness import nightly
    from harness.settings import Settings

    return nightly.accept(Settings.here(), given.run_id, given.who, given.why)


def _report(given: argparse.Namespace) -> int:
    from harness import report
    from harness.settings import Settings

    return report.main(Settings.here().reports, given.words, given.into, given.root, given.pdf)


def _verify(given: argparse.Namespace) -> int:
    import psutil

    from harness import run
    from harness.reporters.console import Console
    from harness.settings import Settings

    settings = Settings.here(given.config)
    console = Console()
    asked = run.Request(settings, tuple(given.suite), given.launcher, given.seed, everything=given.sign_off)
    if given.launcher == "external":
        from harness import staging

        if given.stack is None:
            raise UsageError("--launcher external needs --stack FILE", hint="`harness up --stack FILE` writes one.")
        report = staging.verify(replace(asked, suites=tuple(given.suite) or ("staging",)), console, given.stack)
    elif given.stack:
        raise UsageError("--stack FILE is for --launcher external")
    else:
        report = run.verify(asked, console)
    folder = settings.reports / report.run
    began = time.monotonic()
    root = run.write_reports(report, folder)
    writing, whole = time.monotonic() - began, time.time() - psutil.Process().create_time()
    console.answer(report, os.path.relpath(settings.reports / "latest"), _again(given), whole, writing)
    console.line(f"sealed  {root}   check: harness report verify {report.run}")
    if given.sign_off:
        return _sign_off(report)
    return EXIT[report.verdict]


def _sign_off(report: Report) -> int:
    if report.verdict is Verdict.FAIL or report.sign_off is Verdict.FAIL:
        words = "sign-off: failed"
    elif report.sign_off is Verdict.PASS and report.verdict is Verdict.PASS:
        words = "sign-off: proven; the lines for a person are left to them"
    else:
        words = "sign-off: not proven"
    sys.stdout.write(f"\n{words}\n" + "".join(f"  {line}\n" for line in report.sign_off_missing))
    return EXIT[max(report.verdict, report.sign_off)]


def _again(given: argparse.Namespace) -> str:
    words = ["harness verify"]
    if given.config:
        words.append(f"--config {given.config}")
    words += [f"--suite {name}" for name in given.suite]
    if given.launcher != "auto":
        words.append(f"--launcher {given.launcher}")
    if given.stack:
        words.append(f"--stack {given.stack}")
    return " ".join(words)


def _lint(given: argparse.Namespace) -> int:
    from harness import lint, waivers
    from harness.settings import Settings, read_fixtures

    paths = given.paths or [Settings.here().config]
    beside = sorted({path.resolve().parent / "fixtures" for path in paths})
    folders = [folder for folder in beside if folder.is_dir()]
    known = {name: data for folder in folders for name, data in read_fixtures(folder).items()}
    accepted = waivers.read(folders[0] / "waivers.yml") if folders and (folders[0] / "waivers.yml").is_file() else None
    return lint.main(paths, given.format, fixtures=known, changed_since=given.changed, accepted=accepted)


def _graph(given: argparse.Namespace) -> int:
    from harness import graph
    from harness.documents.configuration import Configuration
    from harness.settings import Settings, read_fixtures

    settings = Settings.here(given.config)
    drawn = graph.graph(Configuration.load(settings.config), read_fixtures(settings.fixtures))
    sys.stdout.write(graph.render(drawn, given.format).rstrip() + "\n")
    return 0


def _simulate(given: argparse.Namespace) -> int:
    from harness import simulate
    from harness.settings import Settings
    from harness.toolchain import Progress

    def tell(step: Progress) -> None:
        sys.stderr.write(f"{step.component:<15} {step.step} {step.detail}\n")

    timeline = simulate.simulate_scenario(
        Settings.here(given.config), given.scenario, days=given.days, on_progress=tell
    )
    sys.stdout.write(simulate.render(timeline))
    if given.html:
        simulate.write_page(timeline, given.html)
        sys.stdout.write(f"page  {given.html}\n")
    return 0


def _setup(_: argparse.Namespace) -> int:
    from harness.toolchain import EXTRAS, Progress, prepare

    def tell(step: Progress) -> None:
        sys.stdout.write(f"{step.component:<15} {step.step} {step.detail}\n")
        sys.stdout.flush()

    prepare(on_progress=tell)
    toolchain = prepare(EXTRAS, on_progress=tell)
    sys.stdout.write(f"{len(toolchain.folders)} components ready in {toolchain.cache}\n")
    return 0


def _doctor(_: argparse.Namespace) -> int:
    from harness.settings import Settings
    from harness.toolchain.diagnosis import doctor, render

    sys.stdout.write(render(doctor(images=_images(Settings.here().config))))
    sys.stdout.write(
        "\n`verify` runs a service in a container where Docker answers and its image is here or can be pulled, else as"
        "\na process; Kibana and Logstash only beside the official Elasticsearch.\n"
    )
    return 0


def _images(config: Path) -> dict[str, str]:
    """Service → image of the configuration under test; empty when it cannot be read."""
    from harness.documents.compose import Compose
    from harness.documents.configuration import Configuration

    try:
        documents = Configuration.load(config).of(Compose)
    except HarnessError:
        return {}
    return {service.name: service.image for compose in documents[:1] for service in compose.services if service.image}


def _up(given: argparse.Namespace) -> int:
    from harness import up
    from harness.settings import Settings

    def say(text: str) -> None:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    settings = Settings.here(given.config)
    up.up(up.Wanted(settings, given.launcher, given.scenario, given.seconds, given.stack), say)
    return 0


def _make_images(given: argparse.Namespace) -> int:
    from harness.settings import Settings
    from harness.toolchain import locate
    from harness.toolchain.images import make

    images = _images(Settings.here(given.config).config)
    made = make(images, locate(), force=given.force)
    for image in made:
        sys.stdout.write(f"{image.tag:<60} {image.how}   {image.seconds:.1f} s\n")
    if not made:
        raise UsageError("the compose file names no image that one can be made for")
    return 0


def _explain(given: argparse.Namespace) -> int:
    from harness.contracts import Check
    from harness.registry import discover

    checks = {kind().id: kind for kind in discover("harness.checks", Check)}
    if not given.id:
        sys.stdout.write("".join(f"{name:<40} {kind().title}\n" for name, kind in sorted(checks.items())))
        return 0
    if given.id not in checks:
        import difflib

        from harness.manuals import MANUALS

        if given.id in MANUALS:
            sys.stdout.write(f"{given.id}   fatal\n\n{MANUALS[given.id]}\n")
            return 0
        near = difflib.get_close_matches(given.id, checks, n=3)
        raise UsageError(
            f"no check {given.id!r}", hint=f"Did you mean {' or '.join(near)}?" if near else "See: harness explain"
        )
    import inspect

    kind = checks[given.id]
    sys.stdout.write(f"{given.id}   {kind.severity.label}\n\n{inspect.getdoc(kind)}\n")
    return 0


def _sweep(_: argparse.Namespace) -> int:
    from harness.launchers.ledger import sweep

    swept = sweep()
    sys.stdout.write(f"swept {swept}\n" if swept else "nothing to sweep\n")
    return 0


def _world(given: argparse.Namespace) -> int:
    from harness.world import command

    if given.scale is not None and given.scale < 1:
        raise UsageError(f"--scale {given.scale}: a world has at least one line")
    command.build(given.config, given.seed, given.scale, sys.stdout.write, sys.stderr.write)
    return 0


def _export(given: argparse.Namespace) -> int:
    from harness import exporting

    wanted = exporting.Wanted(given.search, given.url, given.user, given.begin, given.end, given.out)
    exporting.run(wanted, given.config, os.environ.get("ELASTICSEARCH_PASSWORD", ""), sys.stdout, sys.stderr)
    return 0


def _kql(given: argparse.Namespace) -> int:
    from harness.languages import kql

    sys.stdout.write(kql.main(given.query, given.mapping).rstrip() + "\n")
    return 0


def _logstash_run(given: argparse.Namespace) -> int:
    from harness.languages.logstash import tool

    wanted = tool.Run(given.config, given.codec, given.trace)
    return tool.run(wanted, sys.stdin, env=dict(os.environ), write=sys.stdout.write, complain=sys.stderr.write)


def _logstash_test(given: argparse.Namespace) -> int:
    from harness.languages.logstash import tool

    wanted = tool.Test(tuple(given.files), given.update, given.coverage, given.coverage_html, given.coverage_xml)
    return tool.test(wanted, write=sys.stdout.write)


def _logstash_compare(given: argparse.Namespace) -> int:
    from harness.pipeline_comparison import tool
    from harness.settings import Settings

    if given.lines < 0:
        raise UsageError(f"--lines {given.lines}: a number of lines is expected")
    settings = Settings.here(given.config)
    wanted = tool.Wanted(settings, tuple(given.files), given.lines, given.seed, given.logstash)
    return EXIT[tool.main(wanted, sys.stdout.write)]


if __name__ == "__main__":
    sys.exit(main())
