"""The settings of the HTTP client that Prometheus and Alertmanager share: http_config.go of prometheus/common."""

NOTATION = """
header
    [text]: values secrets files
basic_auth
    apart: username username_file username_ref
    apart: password password_file password_ref
    text: username username_file username_ref password password_file password_ref
authorization
    apart: credentials credentials_file credentials_ref
    text: type credentials credentials_file credentials_ref
oauth2 +proxy
    needs: client_id token_url
    apart: client_secret client_secret_file client_secret_ref
    text: client_id client_secret client_secret_file client_secret_ref client_certificate_key_id
        client_certificate_key client_certificate_key_file client_certificate_key_ref grant_type signature_algorithm
        iss audience token_url
    {any}: claims
    [text]: scopes
    {text}: endpoint_params
    tls: tls_config
http_client +proxy
    apart: bearer_token bearer_token_file
    apart: basic_auth authorization oauth2 bearer_token
    apart: basic_auth authorization oauth2 bearer_token_file
    basic_auth: basic_auth
    authorization: authorization
    oauth2: oauth2
    text: bearer_token bearer_token_file
    tls: tls_config
    bool: follow_redirects enable_http2
    {header}: http_headers
tls
    apart: ca ca_file ca_ref
    apart: cert cert_file cert_ref
    apart: key key_file key_ref
    text: ca cert key ca_file cert_file key_file ca_ref cert_ref key_ref server_name
    bool: insecure_skip_verify
    TLS10|TLS11|TLS12|TLS13: min_version max_version
proxy
    apart: proxy_url proxy_from_environment
    apart: no_proxy proxy_from_environment
    text: proxy_url
    text: no_proxy
    bool: proxy_from_environment
    {[text]}: proxy_connect_header
"""
