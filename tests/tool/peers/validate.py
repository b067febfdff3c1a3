"""Validates documents (from the second argument on) against the schema in the first."""
import json
import sys

from jsonschema import Draft202012Validator

with open(sys.argv[1]) as file:
    schema = json.load(file)
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
for path in sys.argv[2:]:
    with open(path) as file:
        errors = list(validator.iter_errors(json.load(file)))
    for error in errors:
        print(path, error.json_path, error.message[:200], [e.message[:200] for e in error.context][:5])
print("validated", len(sys.argv) - 2)
