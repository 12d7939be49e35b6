"""The stock grok patterns for products' logs, on lines as the products document them, with both sets of field names."""

from __future__ import annotations

from typing import Any

import pytest

from harness.languages.logstash import Pipeline
from harness.languages.logstash.field import getter

ZEEK = "1541001600.5\tCabc\t10.0.0.1\t1000\t10.0.0.2\t"
NAGIOS = "[1427925600] "
SESSION = "10.0.0.1/2->10.0.0.3/4 junos-http"
PACKET = "SRC=10.0.0.1 DST=10.0.0.2 LEN=40 TOS=0x00 PREC=0x00 TTL=243 ID=54321"
SRC = {"src_ip": "10.0.0.1", "[source][ip]": "10.0.0.1"}

# pattern, line, and what is found: a name without brackets is one from before the schema
LINES: list[tuple[str, str, dict[str, Any]]] = [
    (
        "CISCO_TAGGED_SYSLOG",
        "<161>Jan 14 11:20:01 asa1: %ASA-6-302013: x",
        {"ciscotag": "ASA-6-302013", "sysloghost": "asa1", "[cisco][asa][tag]": "ASA-6-302013"},
    ),
    ("CISCOFW104001", "(Primary) Switching to ACTIVE - mate gone", {"switch_reason": "mate gone"}),
    ("CISCOFW105003", "(Secondary) Monitoring on interface in waiting", {"interface_name": "in"}),
    (
        "CISCOFW106001",
        "Inbound TCP connection denied from 10.0.0.1/80 to 10.0.0.2/443 flags SYN ACK on interface outside",
        {**SRC, "tcp_flags": "SYN ACK", "direction": "Inbound", "[cisco][asa][outcome]": "denied"},
    ),
    (
        "CISCOFW106006_106007_106010",
        "Deny inbound UDP from 10.0.0.1/53 to 10.0.0.2/1024 due to DNS Query",
        {**SRC, "reason": "DNS Query", "[event][reason]": "DNS Query", "[destination][port]": 1024},
    ),
    (
        "CISCOFW106014",
        "Deny inbound icmp src outside:10.0.0.1 dst inside:10.0.0.2 (type 8, code 0)",
        {**SRC, "icmp_type": "8", "[cisco][asa][icmp_type]": 8},
    ),
    (
        "CISCOFW106015",
        "Deny TCP (no connection) from 10.0.0.1/80 to 10.0.0.2/443 flags RST on interface inside",
        {**SRC, "policy_id": "no connection", "interface": "inside"},
    ),
    (
        "CISCOFW106023",
        'Deny tcp src outside:10.0.0.1/80 dst inside:10.0.0.2/443 by access-group "acl-out" [0x0, 0x1]',
        {"src_ip": "10.0.0.1", "policy_id": "acl-out", "hashcode2": "0x1", "[source][address]": "10.0.0.1"},
    ),
    (
        "CISCOFW106100",
        "access-list inside permitted tcp in/10.0.0.1(51000) -> out/10.0.0.2(80) hit-cnt 3 first hit [0xa, 0xb]",
        {**SRC, "hit_count": "3", "[cisco][asa][hit_count]": 3, "[destination][port]": 80},
    ),
    (
        "CISCOFW302013_302014_302015_302016",
        "Teardown TCP connection 1234 for outside:10.0.0.1/80 to in:10.0.0.2/51000 duration 0:01:02 bytes 99 TCP FINs",
        {**SRC, "bytes": "99", "duration": "0:01:02", "[network][bytes]": 99, "[event][reason]": "TCP FINs"},
    ),
    (
        "CISCOFW302020_302021",
        "Teardown ICMP connection for faddr 10.0.0.9/0 gaddr 10.0.0.8/1 laddr 10.0.0.1/1",
        {**SRC, "src_xlated_ip": "10.0.0.8", "[source][nat][ip]": "10.0.0.8"},
    ),
    (
        "CISCOFW304001",
        "10.0.0.1 Accessed URL 10.0.0.2:/a/b",
        {**SRC, "dst_url": "/a/b", "[url][original]": "/a/b"},
    ),
    (
        "CISCOFW305011",
        "Built dynamic TCP translation from inside:10.0.0.1/1000 to outside:10.0.0.8/2000",
        {**SRC, "xlate_type": "dynamic", "src_xlated_ip": "10.0.0.8"},
    ),
    (
        "CISCOFW313001_313004_313008",
        "Denied ICMP type=3, code=1 from 10.0.0.1 on interface outside",
        {**SRC, "icmp_code": "1", "interface": "outside"},
    ),
    (
        "CISCOFW313005",
        "No matching connection for ICMP error message: icmp src outside:10.0.0.1 dst inside:10.0.0.2 (type 3, code 3) "
        "on outside interface.  Original IP payload: udp src 10.0.0.2/53 dst 10.0.0.1/1234.",
        {"err_src_ip": "10.0.0.1", "orig_dst_port": "1234", "[cisco][asa][original][protocol]": "udp"},
    ),
    ("CISCOFW302010", "7 in use, 9 most used", {"connection_count": "7", "[cisco][asa][connections][most_used]": 9}),
    (
        "CISCOFW602303_602304",
        "IPSEC: An inbound LAN-to-LAN SA (SPI= 0xF) between 10.0.0.1 and 10.0.0.2 (user= bob) has been created",
        {**SRC, "spi": "0xF", "user": "bob", "[cisco][asa][ipsec][tunnel_type]": "LAN-to-LAN"},
    ),
    (
        "CISCOFW733100",
        "[ Scanning] drop rate-1 exceeded. Current burst rate is 10 per second, max configured rate is 9; Current "
        "average rate is 8 per second, max configured rate is 7; Cumulative total count is 6",
        {"drop_type": "Scanning", "drop_total_count": "6", "[cisco][asa][burst][avg_rate]": 8},
    ),
    (
        "RT_FLOW1",
        f"RT_FLOW_SESSION_CLOSE: session closed TCP FIN: {SESSION} 10.0.0.5/6->10.0.0.7/8 None None 6 pol in out 9 "
        "1(11) 2(22) 33 N/A",
        {"src-ip": "10.0.0.1", "received": "22", "close-reason": "session closed TCP FIN", "[source][bytes]": 11},
    ),
    (
        "RT_FLOW2",
        f"RT_FLOW_SESSION_CREATE: session created {SESSION} 10.0.0.5/6->10.0.0.7/8 rule1 None 6 pol in out 99 N/A",
        {"src-nat-rule-name": "rule1", "session-id": "99", "[rule][name]": "pol", "[observer][egress][zone]": "out"},
    ),
    (
        "RT_FLOW3",
        f"RT_FLOW_SESSION_DENY: session denied {SESSION} 6(0) pol in out N/A",
        {"protocol-id": "6", "[juniper][srx][service_name]": "junos-http"},
    ),
    (
        "IPTABLES",
        f"IN=eth0 OUT= MAC=00:1a:2b:3c:4d:5e:00:1a:2b:3c:4d:5f:08:00 {PACKET} DF PROTO=TCP SPT=61000 DPT=22 "
        "WINDOW=65535 RES=0x00 SYN URGP=0",
        {"nf_src_ip": "10.0.0.1", "nf_dst_port": "22", "[destination][port]": 22, "[iptables][fragment_flags]": "DF"},
    ),
    (
        "SHOREWALL",
        f"May 28 17:23:25 gate kernel: [3.7] Shorewall:FORWARD:REJECT:IN=eth2 OUT=eth1 {PACKET} PROTO=UDP SPT=1 DPT=2",
        {"nf_action2": "REJECT", "nf_in_interface": "eth2", "[shorewall][firewall][type]": "FORWARD"},
    ),
    (
        "NAGIOSLOGLINE",
        f"{NAGIOS}SERVICE ALERT: web1;HTTP;CRITICAL;SOFT;1;Connection refused",
        {"nagios_service": "HTTP", "nagios_attempt": "1", "[nagios][log][attempt]": 1, "[service][name]": "HTTP"},
    ),
    (
        "NAGIOSLOGLINE",
        f"{NAGIOS}CURRENT HOST STATE: web1;UP;HARD;1;PING OK",
        {"nagios_type": "CURRENT HOST STATE", "nagios_state": "UP", "[host][hostname]": "web1"},
    ),
    (
        "NAGIOSLOGLINE",
        f"{NAGIOS}SERVICE NOTIFICATION: bob;web1;HTTP;WARNING;mail;slow",
        {"nagios_notifyname": "bob", "nagios_contact": "mail", "[user][name]": "bob"},
    ),
    (
        "NAGIOSLOGLINE",
        f"{NAGIOS}TIMEPERIOD TRANSITION: 24x7;-1;1",
        {"nagios_unknown1": "-1", "[nagios][log][period_to]": 1},
    ),
    (
        "NAGIOSLOGLINE",
        f"{NAGIOS}EXTERNAL COMMAND: DISABLE_HOST_SVC_NOTIFICATIONS;web1",
        {"nagios_command": "DISABLE_HOST_SVC_NOTIFICATIONS", "nagios_hostname": "web1"},
    ),
    (
        "RAILS3",
        'Started POST "/api/v3/x?a=1" for 10.0.0.1 at 2013-03-13 09:56:30 +0100\nProcessing by Foo::BarController'
        '#create as JSON\n  Parameters: {"a"=>"1"}\nCompleted 200 OK in 23ms (Views: 1.2ms | ActiveRecord: 3ms)',
        {"controller": "Foo::BarController", "totalms": "23", "[rails][request][duration][view]": 1.2},
    ),
    (
        "EXIM",
        "2014-08-10 11:18:46 [1487] 1XGbu0-0000Mo-At <= node@x.org H=(node.x) [10.0.0.1]:51234 P=smtp S=1042 id=abc@d",
        {"remote_heloname": "node.x", "exim_msg_size": "1042", "[client][ip]": "10.0.0.1", "[process][pid]": 1487},
    ),
    (
        "ZEEK_CONN",
        f"{ZEEK}80\ttcp\thttp\t0.5\t100\t200\tSF\tT\tF\t0\tShAD\t3\t240\t4\t400\t-",
        {"conn_state": "SF", "resp_ip_bytes": "400", "[destination][bytes]": 400, "[network][protocol]": "http"},
    ),
    (
        "BRO_DNS",
        f"{ZEEK}53\tudp\t7\t0.1\te.org\t1\tC_INTERNET\t1\tA\t0\tNOERROR\tF\tF\tT\tT\t0\t10.0.0.9\t60.0\tF",
        {"query": "e.org", "rejected": "F", "[dns][question][type]": "A", "[zeek][dns][rtt]": 0.1},
    ),
    (
        "BRO_HTTP",
        f"{ZEEK}80\t1\tGET\te.org\t/\t-\t1.1\tcurl\t-\t0\t12\t200\tOK\t-\t-\t-\t(empty)\t-",
        {"user_agent": "curl", "status_code": "200", "[url][domain]": "e.org", "[http][response][status_code]": 200},
    ),
    (
        "BRO_HTTP",
        f"{ZEEK}80\t1\tGET\te.org\t/\t-\tcurl\t0\t12\t200\tOK\t-\t-\t-\t(empty)\t-",
        {"user_agent": "curl", "response_body_len": "12", "[user_agent][original]": "curl"},
    ),
    (
        "BRO_FILES",
        "1.5\tF1\t10.0.0.1\t10.0.0.2\tC1\tHTTP\t0\tMD5\ttext/html\t-\t0.1\t-\tF\t12",
        {"mime_type": "text/html", "[file][mime_type]": "text/html"},
    ),
    (
        "BACULA_LOGLINE",
        '09-Jan 19:54 backup1 JobId 265896: Using Device "FileStorage"',
        {"device": "FileStorage", "jobid": "265896", "[bacula][job][id]": "265896"},
    ),
    (
        "BACULA_LOGLINE",
        "09-Jan 19:54 backup1 JobId 7: Pruned Files from 3 Jobs for client web1 from catalog.",
        {"client": "web1", "[bacula][client][name]": "web1"},
    ),
    (
        "MONGO_SLOWQUERY",
        "[conn1] query sample.User query: { clientId: 12 } ntoreturn:0 ntoskip:0 nscanned:287 keyUpdates:0 "
        "nreturned:18 reslen:1 2340ms",
        {"query": "{ clientId: 12 }", "duration": "2340", "[mongodb][profile][duration]": 2340},
    ),
    (
        "BIND9",
        "17-Feb-2018 23:06:56.326 queries: info: client 10.0.0.1#12345 (t.org): query: t.org IN A +E(0)K (10.0.0.3)",
        {"clientip": "10.0.0.1", "[dns][question][name]": "t.org", "[bind][log][question][flags]": "+E(0)K"},
    ),
    (
        "S3_ACCESS_LOG",
        '79a59 bucket1 [06/Feb/2019:00:00:38 +0000] 10.0.0.1 - 3E57 REST.GET - "GET /b?v HTTP/1.1" 200 - 113 - 7 - "-" '
        '"S3Console/0.4" -',
        {"bucket": "bucket1", "bytes": 113, "[aws][s3access][bytes_sent]": 113, "[url][original]": "/b?v"},
    ),
    (
        "ELB_ACCESS_LOG",
        "2014-02-15T23:39:43.945958Z lb1 10.0.0.1:2817 10.0.0.2:80 0.5 0.25 0.1 200 200 0 29 "
        '"GET http://www.e.org:80/?q=1 HTTP/1.1"',
        {"backendport": 80, "[aws][elb][backend][port]": 80, "[url][query]": "q=1", "[url][domain]": "www.e.org"},
    ),
    (
        "CLOUDFRONT_ACCESS_LOG",
        "2017-04-19\t13:37:00\tSFO20\t1234\t10.0.0.1\tGET\td1.e.org\t/x.js\t200\t-\tMozilla\ta=1\t-\tHit\tid1=\twww.e.org"
        "\thttps\t23\t0.5\t-\tTLSv1.2\tECDHE\tHit",
        {"sc_status": 200, "time_taken": 0.5, "[url][query]": "a=1", "[tls][cipher]": "ECDHE"},
    ),
    (
        "HAPROXYTCP",
        "Nov 23 14:00:00 lb ha[7]: 10.0.0.1:5678 [23/Nov/2026:14:00:00.123] front back/s1 1/0/100 512 -- 1/1/1/1/0 0/0",
        {"bytes_read": "512", "[haproxy][connection_wait_time_ms]": 0, "[haproxy][server_name]": "s1"},
    ),
    (
        "HAPROXYHTTP",
        "Nov 23 14:00:00 lb ha[7]: 10.0.0.1:5678 [23/Nov/2026:14:00:00.123] front back/<NOSRV> -1/-1/-1/-1/10 503 212 "
        '- - SC-- 1/1/1/1/0 0/0 {ua} {json} "GET /a?b=1 HTTP/1.1"',
        {"http_status_code": "503", "[url][path]": "/a", "[haproxy][termination_state]": "SC--"},
    ),
    (
        "NETSCREENSESSIONLOG",
        'Jun  1 14:00:00 fw 10.0.0.9: NetScreen device_id=fw1  [Root]traffic: start_time="2024-06-01 14:00:00" '
        "duration=0 policy_id=3 service=http proto=6 src zone=Untrust dst zone=Trust action=Deny sent=0 rcvd=0 "
        "src=10.0.0.1 dst=10.0.0.2 src_port=1 dst_port=2 src-xlated ip=0.0.0.0 port=0 dst-xlated ip=0.0.0.0 port=0 "
        "session_id=0 reason=Traffic Denied",
        {"src_zone": "Untrust", "reason": "Traffic Denied", "[netscreen][session][reason]": "Traffic Denied"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "line", "expected"), LINES, ids=[f"{line[0]}-{n}" for n, line in enumerate(LINES)])
def test_a_line_of_the_product(name: str, line: str, expected: dict[str, Any]) -> None:
    text = "filter { grok { match => { message => '%{" + name + "}' } overwrite => [message] } }"
    before = Pipeline.from_text(text).process({"message": line})[0]
    schema = Pipeline.from_text(text, ecs_compatibility="v8").process({"message": line})[0]
    assert "tags" not in before and "tags" not in schema
    for field, value in expected.items():
        found = getter(field)(schema if field.startswith("[") else before)
        assert found == value, (field, found)


def test_no_field_has_a_name_of_both_kinds_written_out() -> None:
    from harness.languages.logstash.grok import stock

    for ecs in (False, True):
        assert [name for name, text in stock(ecs).items() if "«" in text or "»" in text] == []
