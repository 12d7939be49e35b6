"""The languages of the products under test: PromQL, KQL and the Logstash configuration language."""
