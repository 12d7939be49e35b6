"""The syslog_pri filter: takes the priority of a syslog message apart into facility and severity."""

from __future__ import annotations

from harness.languages.logstash import ruby
from harness.languages.logstash.event import Apply, Event
from harness.languages.logstash.options import Option, Options
from harness.languages.logstash.settings import Settings
from harness.languages.logstash.sprintf import text_of

_FACILITIES = [
    "kernel",
    "user-level",
    "mail",
    "daemon",
    "security/authorization",
    "syslogd",
    "line printer",
    "network news",
    "uucp",
    "clock",
    "security/authorization",
    "ftp",
    "ntp",
    "log audit",
    "log alert",
    "clock",
    *(f"local{number}" for number in range(8)),
]
_SEVERITIES = ["emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug"]
_LEGACY = ("syslog_pri", "syslog_facility_code", "syslog_severity_code", "syslog_facility", "syslog_severity")
_ECS = (
    "[log][syslog][priority]",
    "[log][syslog][facility][code]",
    "[log][syslog][severity][code]",
    "[log][syslog][facility][name]",
    "[log][syslog][severity][name]",
)
_DEFAULT_PRIORITY = 13

OPTIONS: Options = {
    "ecs_compatibility": Option(),
    "facility_labels": Option("array", _FACILITIES),
    "severity_labels": Option("array", _SEVERITIES),
    "syslog_pri_field_name": Option("field"),
    "use_labels": Option("boolean", True),
}


def build(settings: Settings) -> Apply:
    """Compile the filter."""
    own = settings["ecs_compatibility"]
    names = _ECS if (settings.ecs if own is None else own != "disabled") else _LEGACY
    read = settings.reader_of("syslog_pri_field_name", settings["syslog_pri_field_name"] or names[0])
    facility_code, severity_code, facility_name, severity_name = (
        settings.writer_of("ecs_compatibility", name) for name in names[1:]
    )
    facilities = [text_of(label) for label in settings["facility_labels"]]
    severities = [text_of(label) for label in settings["severity_labels"]]
    use_labels, matched = settings["use_labels"], settings.matched

    def apply(event: Event) -> None:
        value = read(event)
        if isinstance(value, list):
            value = value[0] if value else 0
        priority = _DEFAULT_PRIORITY if value is None or value is False else ruby.to_i(ruby.to_s(value))
        severity, facility = priority & 7, priority >> 3
        severity_code(event, severity)
        facility_code(event, facility)
        if use_labels:
            if 0 <= facility < len(facilities):
                facility_name(event, facilities[facility])
            if severity < len(severities):
                severity_name(event, severities[severity])
        matched(event)

    return apply
