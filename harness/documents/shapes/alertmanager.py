"""The settings of Alertmanager 0.31."""

from harness.documents.shapes import http_client

NOTATION = (
    http_client.NOTATION
    + """
mute_time_interval
    needs: name
    text: name
    [interval]: time_intervals
time_interval
    needs: name
    text: name
    [interval]: time_intervals
root
    global: global
    route: route
    [inhibit_rule]: inhibit_rules
    [receiver]: receivers
    [text]: templates
    [mute_time_interval]: mute_time_intervals
    [time_interval]: time_intervals
    tracing: tracing
global
    duration: resolve_timeout
    http_client: http_config
    url: jira_api_url slack_api_url slack_app_url pagerduty_url opsgenie_api_url wechat_api_url victorops_api_url
        telegram_api_url webex_api_url rocketchat_api_url
    text: smtp_from smtp_hello smtp_auth_username smtp_auth_password smtp_auth_password_file smtp_auth_secret
        smtp_auth_secret_file smtp_auth_identity slack_api_url_file slack_app_token slack_app_token_file
        opsgenie_api_key opsgenie_api_key_file wechat_api_secret wechat_api_secret_file wechat_api_corp_id
        victorops_api_key victorops_api_key_file telegram_bot_token telegram_bot_token_file rocketchat_token
        rocketchat_token_file rocketchat_token_id rocketchat_token_id_file
    hostport: smtp_smarthost
    bool: smtp_require_tls smtp_force_implicit_tls
    tls: smtp_tls_config
route
    text: receiver
    [text]: group_by mute_time_intervals active_time_intervals
    {text}: match
    {text}: match_re
    [text]: matchers
    bool: continue
    [route]: routes
    duration: group_wait group_interval repeat_interval
inhibit_rule
    text: name
    {text}: source_match target_match
    {text}: source_match_re target_match_re
    [text]: source_matchers target_matchers
    [text]: equal
receiver
    needs: name
    text: name
    [discord]: discord_configs
    [email]: email_configs
    [incidentio]: incidentio_configs
    [pagerduty]: pagerduty_configs
    [slack]: slack_configs
    [webhook]: webhook_configs
    [opsgenie]: opsgenie_configs
    [wechat]: wechat_configs
    [pushover]: pushover_configs
    [victorops]: victorops_configs
    [sns]: sns_configs
    [telegram]: telegram_configs
    [webex]: webex_configs
    [msteams]: msteams_configs
    [msteams_v2]: msteamsv2_configs
    [jira]: jira_configs
    [rocketchat]: rocketchat_configs
    [mattermost]: mattermost_configs
notifier
    bool: send_resolved
webex +notifier
    needs: room_id
    http_client: http_config
    url: api_url
    text: message room_id
discord +notifier
    http_client: http_config
    url: webhook_url
    text: webhook_url_file content title message username avatar_url
email +notifier
    text: to from hello auth_username auth_password auth_password_file auth_secret auth_secret_file auth_identity
        html text
    hostport: smarthost
    {text}: headers
    bool: require_tls force_implicit_tls
    tls: tls_config
    threading: threading
threading
    bool: enabled
    none|daily|: thread_by_date
pagerduty +notifier
    http_client: http_config
    text: service_key service_key_file routing_key routing_key_file client client_url description source severity
        class component group
    url: url
    {any}: details
    [pagerduty_image]: images
    [pagerduty_link]: links
    span: timeout
pagerduty_link
    text: href text
pagerduty_image
    text: src alt href
slack_action
    needs: type text url|name
    text: type text url style name value
    slack_confirmation_field: confirm
slack_confirmation_field
    needs: text
    text: text title ok_text dismiss_text
slack_field
    needs: title value
    text: title value
    bool: short
slack +notifier
    apart: api_url app_token
    apart: api_url_file app_token
    apart: api_url app_token_file
    http_client: http_config
    url: api_url app_url
    text: api_url_file app_token app_token_file channel username color title title_link pretext text message_text
        footer fallback callback_id icon_emoji icon_url image_url thumb_url
    [slack_field]: fields
    bool: short_fields link_names
    [text]: mrkdwn_in
    [slack_action]: actions
    span: timeout
incidentio +notifier
    needs: url|url_file
    http_client: http_config
    url: url
    text: url_file alert_source_token alert_source_token_file
    int: max_alerts
    span: timeout
webhook +notifier
    http_client: http_config
    text: url url_file
    int: max_alerts
    span: timeout
wechat +notifier
    http_client: http_config
    text: api_secret api_secret_file corp_id message to_user to_party to_tag agent_id message_type
    url: api_url
opsgenie +notifier
    http_client: http_config
    text: api_key api_key_file message description source entity actions tags note priority
    url: api_url
    {text}: details
    [opsgenie_responder]: responders
    bool: update_alerts
opsgenie_responder
    needs: id|name|username
    text: id name username type
victorops +notifier
    http_client: http_config
    text: api_key api_key_file routing_key message_type state_message entity_display_name monitoring_tool
    url: api_url
    {text}: custom_fields
pushover +notifier
    apart: html monospace
    http_client: http_config
    text: user_key user_key_file token token_file title message url url_title device sound priority
    span: retry expire ttl
    bool: html monospace
sns +notifier
    needs: target_arn|topic_arn|phone_number
    http_client: http_config
    text: api_url topic_arn phone_number target_arn subject message
    sigv4: sigv4
    {text}: attributes
telegram +notifier
    Markdown|MarkdownV2|HTML|: parse_mode
    apart: chat_id chat_id_file
    http_client: http_config
    url: api_url
    text: bot_token bot_token_file chat_id_file message
    int: chat_id message_thread_id
    bool: disable_notifications
msteams +notifier
    http_client: http_config
    url: webhook_url
    text: webhook_url_file title summary text
msteams_v2 +notifier
    http_client: http_config
    url: webhook_url
    text: webhook_url_file title text
jira_field
    text: template
    bool: enable_update
jira +notifier
    needs: project issue_type
    http_client: http_config
    url: api_url
    auto|cloud|datacenter|: api_type
    text: project priority issue_type reopen_transition resolve_transition wont_fix_resolution
    jira_field: summary description
    [text]: labels
    duration: reopen_duration
    {any}: fields
rocketchat +notifier
    http_client: http_config
    url: api_url
    text: token_id token_id_file token token_file channel color title title_link text emoji icon_url image_url
        thumb_url
    [any]: fields
    bool: short_fields link_names
    [any]: actions
mattermost_priority
    text: priority
    bool: requested_ack persistent_notifications
mattermost_props
    text: card
mattermost_field
    needs: title value
    text: title value
    bool: short
mattermost_attachment
    text: fallback color pretext text author_name author_link author_icon title title_link thumb_url footer
        footer_icon image_url
    [mattermost_field]: fields
mattermost +notifier
    needs: webhook_url|webhook_url_file
    http_client: http_config
    url: webhook_url
    text: webhook_url_file channel username text icon_url icon_emoji type
    [mattermost_attachment]: attachments
    mattermost_props: props
    mattermost_priority: priority
tracing
    needs: endpoint
    http|grpc: client_type
    text: endpoint
    gzip|: compression
    float: sampling_fraction
    bool: insecure
    tls: tls_config
    {header}: headers
    span: timeout
sigv4
    text: region access_key secret_key profile role_arn external_id service_name
    bool: use_fips_sts_endpoint
interval
    [time_range]: times
    [text]: weekdays days_of_month months years
    text: location
time_range
    needs: start_time end_time
    text: start_time end_time
"""
)
