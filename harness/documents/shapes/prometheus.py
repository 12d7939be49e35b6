"""The settings of Prometheus 3.11: configuration.go and the discoveries' own, less what only it can know."""

from harness.documents.shapes import http_client

NOTATION = (
    http_client.NOTATION
    + """
root
    global: global
    runtime: runtime
    alerting: alerting
    [text]: rule_files scrape_config_files
    [scrape]: scrape_configs
    storage: storage
    tracing: tracing
    [remote_write]: remote_write
    [remote_read]: remote_read
    otlp: otlp
global
    duration: scrape_interval scrape_timeout evaluation_interval rule_query_offset
    [PrometheusProto|PrometheusText0.0.4|PrometheusText1.0.0|OpenMetricsText0.0.1|OpenMetricsText1.0.0]:
        scrape_protocols
    text: query_log_file scrape_failure_log_file
    {text}: external_labels
    size: body_size_limit
    int: sample_limit target_limit label_limit label_name_length_limit label_value_length_limit keep_dropped_targets
    utf8|legacy|: metric_name_validation_scheme
    allow-utf-8|underscores|dots|values|: metric_name_escaping_scheme
    bool: scrape_native_histograms convert_classic_histograms_to_nhcb always_scrape_classic_histograms
        extra_scrape_metrics
runtime
    int: gogc
scrape +http_client +discovery
    needs: job_name
    text: job_name scrape_failure_log_file metrics_path
    http|https|: scheme
    bool: honor_labels honor_timestamps track_timestamps_staleness scrape_native_histograms
        always_scrape_classic_histograms convert_classic_histograms_to_nhcb enable_compression extra_scrape_metrics
    {[text]}: params
    duration: scrape_interval scrape_timeout
    [PrometheusProto|PrometheusText0.0.4|PrometheusText1.0.0|OpenMetricsText0.0.1|OpenMetricsText1.0.0]:
        scrape_protocols
    PrometheusProto|PrometheusText0.0.4|PrometheusText1.0.0|OpenMetricsText0.0.1|OpenMetricsText1.0.0:
        fallback_scrape_protocol
    size: body_size_limit
    int: sample_limit target_limit label_limit label_name_length_limit label_value_length_limit
        native_histogram_bucket_limit keep_dropped_targets
    float: native_histogram_min_bucket_factor
    utf8|legacy|: metric_name_validation_scheme
    allow-utf-8|underscores|dots|values|: metric_name_escaping_scheme
    [relabel]: relabel_configs metric_relabel_configs
storage
    tsdb: tsdb
    exemplars: exemplars
tsdb_retention
    duration: time
    size: size
    float: percentage
tsdb
    duration: out_of_order_time_window
    float: stale_series_compaction_threshold
    tsdb_retention: retention
tracing
    needs: endpoint
    http|grpc: client_type
    text: endpoint
    gzip|: compression
    float: sampling_fraction
    bool: insecure
    tls: tls_config
    {text}: headers
    duration: timeout
exemplars
    int: max_exemplars
alerting
    [relabel]: alert_relabel_configs
    [alertmanager]: alertmanagers
alertmanager +http_client +discovery
    apart: basic_auth authorization oauth2 sigv4
    sigv4: sigv4
    text: scheme path_prefix
    duration: timeout
    v2|: api_version
    [relabel]: relabel_configs alert_relabel_configs
remote_write +http_client
    needs: url
    apart: basic_auth authorization oauth2 sigv4 azuread google_iam
    text: url
    duration: remote_timeout
    {text}: headers
    [relabel]: write_relabel_configs
    text: name
    prometheus.WriteRequest|io.prometheus.write.v2.Request|: protobuf_message
    bool: send_exemplars send_native_histograms round_robin_dns
    queue: queue_config
    metadata: metadata_config
    sigv4: sigv4
    azuread: azuread
    google_iam: google_iam
queue
    int: capacity max_shards min_shards max_samples_per_send
    duration: batch_send_deadline min_backoff max_backoff sample_age_limit
    bool: retry_on_http_429
metadata
    bool: send
    duration: send_interval
    int: max_samples_per_send
remote_read +http_client
    needs: url
    text: url
    duration: remote_timeout
    int: chunked_read_limit
    {text}: headers required_matchers
    bool: read_recent filter_external_labels
    text: name
otlp
    apart: promote_all_resource_attributes promote_resource_attributes
    bool: promote_all_resource_attributes keep_identifying_resource_attributes convert_histograms_to_nhcb
        promote_scope_metadata label_name_underscore_sanitization label_name_preserve_multiple_underscores
    [text]: promote_resource_attributes ignore_resource_attributes
    UnderscoreEscapingWithSuffixes|UnderscoreEscapingWithoutSuffixes|NoUTF8EscapingWithSuffixes|NoTranslation|:
        translation_strategy
aws_sd +http_client
    text: role region endpoint access_key secret_key profile role_arn
    duration: refresh_interval
    int: port
    [aws_ec2_filter]: filters
    [text]: clusters
aws_ec2_filter
    needs: name values
    text: name
    [text]: values
aws_ec2_sd +http_client
    text: endpoint region access_key secret_key profile role_arn
    duration: refresh_interval
    int: port
    [aws_ec2_filter]: filters
aws_ecs_sd +http_client
    text: region endpoint access_key secret_key profile role_arn
    [text]: clusters
    int: port request_concurrency
    duration: refresh_interval
aws_elasticache_sd +http_client
    text: region endpoint access_key secret_key profile role_arn
    [text]: clusters
    int: port request_concurrency
    duration: refresh_interval
aws_lightsail_sd +http_client
    text: endpoint region access_key secret_key profile role_arn
    duration: refresh_interval
    int: port
aws_msk_sd +http_client
    text: region endpoint access_key secret_key profile role_arn
    [text]: clusters
    int: port request_concurrency
    duration: refresh_interval
aws_rds_sd +http_client
    text: region endpoint access_key secret_key profile role_arn
    [text]: clusters
    int: port request_concurrency
    duration: refresh_interval
azure_sd +http_client
    needs: subscription_id
    OAuth|ManagedIdentity|SDK|WorkloadIdentity|: authentication_method
    text: environment subscription_id tenant_id client_id client_secret resource_group
    int: port
    duration: refresh_interval
consul_sd +http_client
    text: server path_prefix token datacenter namespace partition tag_separator scheme username password filter
    bool: allow_stale
    duration: refresh_interval
    [text]: services tags
    {text}: node_meta
digitalocean_sd +http_client
    duration: refresh_interval
    int: port
dns_sd
    needs: names
    [text]: names
    duration: refresh_interval
    text: type
    int: port
eureka_sd +http_client
    needs: server
    text: server
    duration: refresh_interval
file_sd
    needs: files
    [text]: files
    duration: refresh_interval
gce_sd
    needs: project zone
    text: project zone filter tag_separator
    duration: refresh_interval
    int: port
hetzner_sd +http_client
    needs: role
    duration: refresh_interval
    int: port
    text: label_selector
    robot|hcloud: role
http_sd +http_client
    needs: url
    duration: refresh_interval
    text: url
ionos_sd +http_client
    needs: datacenter_id
    text: datacenter_id
    duration: refresh_interval
    int: port
kubernetes_sd +http_client
    text: api_server
    needs: role
    text: kubeconfig_file
    node|pod|service|endpoints|endpointslice|ingress: role
    kubernetes_namespace_discovery: namespaces
    [kubernetes_selector]: selectors
    kubernetes_attach_metadata: attach_metadata
kubernetes_selector
    needs: role
    text: label field
    node|pod|service|endpoints|endpointslice|ingress: role
kubernetes_attach_metadata +kubernetes_pod_metadata
    bool: node namespace
kubernetes_pod_metadata
    bool: deployment job cronjob
kubernetes_namespace_discovery
    bool: own_namespace
    [text]: names
linode_sd +http_client
    duration: refresh_interval
    int: port
    text: tag_separator region
marathon_sd +http_client
    needs: servers
    apart: auth_token auth_token_file basic_auth bearer_token authorization
    apart: auth_token auth_token_file bearer_token_file
    [text]: servers
    duration: refresh_interval
    text: auth_token auth_token_file
docker_sd +http_client
    needs: host
    text: host host_networking_host
    int: port
    [moby_filter]: filters
    duration: refresh_interval
    bool: match_first_network
dockerswarm_sd +http_client
    needs: host role
    text: host
    services|tasks|nodes: role
    int: port
    [moby_filter]: filters
    duration: refresh_interval
moby_filter
    text: name
    [text]: values
nomad_sd +http_client
    bool: allow_stale
    text: namespace region server tag_separator
    duration: refresh_interval
openstack_sd
    needs: role region
    hypervisor|instance|loadbalancer: role
    public|admin|internal|: availability
    text: identity_endpoint username userid password project_name project_id domain_name domain_id
        application_credential_name application_credential_id application_credential_secret region
    duration: refresh_interval
    int: port
    bool: all_tenants
    tls: tls_config
ovhcloud_sd
    needs: service application_key application_secret consumer_key
    text: endpoint application_key application_secret consumer_key
    vps|dedicated_server: service
    duration: refresh_interval
puppetdb_sd +http_client
    needs: url query
    duration: refresh_interval
    text: url query
    bool: include_parameters
    int: port
scaleway_sd +http_client
    needs: project_id role access_key secret_key|secret_key_file
    apart: secret_key secret_key_file
    instance|baremetal: role
    text: project_id api_url zone access_key secret_key secret_key_file name_filter
    [text]: tags_filter
    duration: refresh_interval
    int: port
stackit_sd +http_client
    text: project region endpoint service_account_key private_key service_account_key_path private_key_path
        credentials_file_path
    duration: refresh_interval
    int: port
triton_sd
    needs: account dns_suffix endpoint
    text: account role dns_suffix endpoint
    [text]: groups
    int: port version
    duration: refresh_interval
    tls: tls_config
uyuni_sd +http_client
    needs: server username password
    text: server username password entitlement separator
    duration: refresh_interval
vultr_sd +http_client
    duration: refresh_interval
    int: port
xds_sd +http_client
    needs: server
    duration: refresh_interval fetch_timeout
    text: server client_id
zookeeper_serverset_sd
    needs: servers paths
    [text]: servers paths
    duration: timeout
zookeeper_nerve_sd
    needs: servers paths
    [text]: servers paths
    duration: timeout
relabel
    [text]: source_labels
    text: separator target_label replacement
    regex: regex
    int: modulus
    replace|Replace|keep|drop|hashmod|labelmap|labeldrop|labelkeep|lowercase|uppercase|keepequal|dropequal: action
discovery
    [static]: static_configs
    [aws_sd]: aws_sd_configs
    [azure_sd]: azure_sd_configs
    [consul_sd]: consul_sd_configs
    [digitalocean_sd]: digitalocean_sd_configs
    [dns_sd]: dns_sd_configs
    [docker_sd]: docker_sd_configs
    [dockerswarm_sd]: dockerswarm_sd_configs
    [aws_ec2_sd]: ec2_sd_configs
    [aws_ecs_sd]: ecs_sd_configs
    [aws_elasticache_sd]: elasticache_sd_configs
    [eureka_sd]: eureka_sd_configs
    [file_sd]: file_sd_configs
    [gce_sd]: gce_sd_configs
    [hetzner_sd]: hetzner_sd_configs
    [http_sd]: http_sd_configs
    [ionos_sd]: ionos_sd_configs
    [kubernetes_sd]: kubernetes_sd_configs
    [xds_sd]: kuma_sd_configs
    [aws_lightsail_sd]: lightsail_sd_configs
    [linode_sd]: linode_sd_configs
    [marathon_sd]: marathon_sd_configs
    [aws_msk_sd]: msk_sd_configs
    [zookeeper_nerve_sd]: nerve_sd_configs
    [nomad_sd]: nomad_sd_configs
    [openstack_sd]: openstack_sd_configs
    [ovhcloud_sd]: ovhcloud_sd_configs
    [puppetdb_sd]: puppetdb_sd_configs
    [aws_rds_sd]: rds_sd_configs
    [scaleway_sd]: scaleway_sd_configs
    [zookeeper_serverset_sd]: serverset_sd_configs
    [stackit_sd]: stackit_sd_configs
    [triton_sd]: triton_sd_configs
    [uyuni_sd]: uyuni_sd_configs
    [vultr_sd]: vultr_sd_configs
static
    [text]: targets
    {text}: labels
sigv4
    text: region access_key secret_key profile role_arn external_id service_name
    bool: use_fips_sts_endpoint
azuread
    managed_identity: managed_identity
    workload_identity: workload_identity
    azure_oauth: oauth
    azure_sdk: sdk
    text: cloud scope
managed_identity
    text: client_id
workload_identity
    text: client_id tenant_id token_file_path
azure_oauth
    text: client_id client_secret tenant_id
azure_sdk
    text: tenant_id
google_iam
    text: credentials_file
"""
)
