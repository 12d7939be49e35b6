// Records what Kibana's own code makes of every query in fixtures/kql/queries.json, as one JSON line each.
//
// The tests read the recording and need none of this. To record again, with a Node of your own:
//   cd "$(mktemp -d)" && npm init --yes && npm install kbn-es-query@1.0.7
//   node <checkout>/suites/selftest/kql_oracle.mjs <checkout>/fixtures/kql/queries.json "$PWD" \
//     > <checkout>/fixtures/kql/oracle.ndjson
//
// kbn-es-query is @kbn/es-query of Kibana 8.9. Where Kibana 9 differs, the tests say so themselves.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [given, installed] = process.argv.slice(2);
const { kbnEsQuery } = createRequire(join(installed, "from-here.js"))("kbn-es-query");
const { mappings, queries, forms, settings } = JSON.parse(readFileSync(given, "utf8"));

// What Kibana's field capabilities service makes of a mapping: leaves, Kibana's type names, nested paths.
const KIBANA_TYPES = { date: "date", date_nanos: "date", ip: "ip", boolean: "boolean", flattened: "flattened" };
const NUMBERS = ["byte", "short", "integer", "long", "float", "double", "half_float", "scaled_float", "unsigned_long"];
const kibanaType = (type) => KIBANA_TYPES[type] ?? (NUMBERS.includes(type) ? "number" : "string");

function leaves(properties, prefix = "", nested = undefined) {
  return Object.entries(properties ?? {}).flatMap(([name, body]) => {
    const full = prefix + name;
    const type = body.type ?? "object";
    if (type === "object" || type === "nested") {
      return leaves(body.properties, `${full}.`, type === "nested" ? full : nested);
    }
    const subType = nested ? { nested: { path: nested } } : undefined;
    return [
      { name: full, type: kibanaType(type), esTypes: [type], ...(subType && { subType }) },
      ...leaves(body.fields, `${full}.`, nested),
    ];
  });
}

const views = Object.fromEntries(
  Object.entries(mappings).map(([name, mapping]) => [name, { title: name, fields: leaves(mapping.properties) }]),
);

function record(query, mapping, config = {}) {
  const line = { query, mapping, ...(Object.keys(config).length && { config }) };
  try {
    const { allowLeadingWildcards = true } = config;
    const tree = kbnEsQuery.fromKueryExpression(query, { allowLeadingWildcards });
    line.dsl = kbnEsQuery.toElasticsearchQuery(tree, views[mapping], config);
  } catch (error) {
    line.error = error.shortMessage ?? error.message;
    if (error.name === "KQLSyntaxError") line.offset = error.message.slice(error.message.lastIndexOf("\n") + 1).length - 1;
  }
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

for (const query of queries) record(query, "rich");
for (const { fields, values } of forms) {
  for (const field of fields) for (const value of values) record(value.replaceAll("FIELD", field), "rich");
}
for (const { mapping, config, queries: some } of settings) for (const query of some) record(query, mapping, config);
